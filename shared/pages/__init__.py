"""The frame of our pages: layout, assets, headers, languages, and how times, shares and bars look.

Only functions with pages import it. A page is a template beside its ``main.py`` that extends ``layout.html``:

    choice = language_of(request, settings.message_language)
    html = render(FOLDER, "shop.html", language=choice.language, words=shop_words(choice.language), **frame, …)
    return page_answer(request, html, "private")

``layout.html`` names the values of the frame. Words stand in ``shared.words.pages``; ``say(code, …)`` speaks them.
"""
