"""The words of the dashboard, by code: a file for each language and part, loaded when it is needed."""

from collections import ChainMap

from shared.words import Language
from shared.words.pages import Texts


def dashboard_words(language: Language) -> Texts:
    """The words of the dashboard's pages."""
    if language == "ko":
        from shared.words.dashboard import forms_ko, ko, lists_ko, trying_ko

        return ChainMap(dict(ko.WORDS), dict(forms_ko.WORDS), dict(lists_ko.WORDS), dict(trying_ko.WORDS))
    from shared.words.dashboard import en, forms_en, lists_en, trying_en

    return ChainMap(dict(en.WORDS), dict(forms_en.WORDS), dict(lists_en.WORDS), dict(trying_en.WORDS))
