from pkg import IMPORTED

IMPORTED.append(__name__)
