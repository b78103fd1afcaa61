"""A place among the tokens of TypeScript: to take one, and to pass over what is not read."""

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.typescript.tokens import Token, tokens

_LONGEST_SHOWN = 40
# No type goes on with these, nor at the end of the file.
_AROUND = ("", ";", ")", "]", "}")


class Cursor:
    """Goes from the first token to the last, and sees one of them ahead."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._tokens = tokens(text, file)
        self.token = next(self._tokens)

    def take(self) -> Token:
        """The token, after which the next one is seen. The last one stays."""
        token = self.token
        self.token = next(self._tokens, token)
        return token

    def skip(self) -> None:
        """Pass over a token, or over a bracket with all that is in it."""
        token = self.take()
        while token.opens:
            while self.token.depth > token.depth:
                self.take()
            token = self.take()

    def skip_expression(self) -> None:
        """Pass over what is left of an expression."""
        while not self.ends():
            self.skip()

    def skip_type(self) -> None:
        """Pass over the type that follows ``as`` or a colon. It includes whatever its angle brackets hold."""
        self.take()
        angles = 0
        while not self.ends() or (angles > 0 and self.token.text[:1] not in _AROUND):
            if self.token.text == "=":
                return
            angles += (self.token.text == "<") - (self.token.text == ">")
            self.skip()

    def ends(self) -> bool:
        """Whether an expression cannot go on with this token. A statement may end without a semicolon."""
        token = self.token
        is_statement = token.depth == 0 and token.is_first and (token.kind == "name" or token.text == "{")
        return token.kind == "end" or token.text[0] in ",;)]}" or is_statement

    def expect(self, text: str) -> None:
        """Take a token that has to be here."""
        if self.token.text != text:
            raise self.refusal(f"“{text}”")
        self.take()

    def refusal(self, expected: str, token: Token | None = None) -> SourceUnreadable:
        """The error that says what is expected instead of a token. Its text is not shown if it may be a secret."""
        token = token or self.token
        found = token.text[:_LONGEST_SHOWN] if token.kind in ("sign", "name") else f"a {token.kind}"
        return self.error(f"expected {expected}, found {found if token.text else 'the end'}", token)

    def error(self, text: str, token: Token | None = None) -> SourceUnreadable:
        """The error that says what is wrong at a token."""
        return SourceUnreadable(f"{self._file}:{(token or self.token).line}: {text}")
