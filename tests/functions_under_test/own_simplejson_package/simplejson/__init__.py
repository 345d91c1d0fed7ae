from .whose import WHOSE
