import utils

WHO = f"lazy beside {utils.WHO}"
