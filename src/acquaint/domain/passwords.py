"""What an acceptable password is. Rules only; hashing is a port."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from .errors import Unacceptable

LONGEST_PASSWORD: Final = 1024
"""Characters. Long enough for any passphrase; a longer one only costs us work (denial of service by hashing)."""


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a door asks of a new password. There are no composition rules (NIST SP 800-63B-4, section 3.1.1.2)."""

    shortest: int
    refuses_common: bool

    def check(self, password: str, field: str = "password") -> None:
        """Refuses with Unacceptable and a reason that helps to choose a better one."""
        if len(password) > LONGEST_PASSWORD:
            raise Unacceptable(field, f"is longer than {LONGEST_PASSWORD} characters")
        password = normal(password)  # what is hashed is what is judged
        if len(password) < max(1, self.shortest):
            raise Unacceptable(field, f"is shorter than {self.shortest} characters" if password else "cannot be blank")
        if self.refuses_common and is_common(password):
            raise Unacceptable(field, "is one that many people use")


OWASP_ASVS = PasswordRules(shortest=8, refuses_common=True)
"""For people who choose a password: ASVS 5.0, 6.2.1 and 6.2.4."""

MACHINE_MADE = PasswordRules(shortest=1, refuses_common=False)
"""For keys that an App's server made for its user, as Qiscus' practice has it: any text the vendor took."""


def normal(password: str) -> str:
    """The spelling that is hashed: NFKC, so that one keyboard's accents match another's (NIST SP 800-63B-4)."""
    return unicodedata.normalize("NFKC", password)


def is_common(password: str) -> bool:
    """Whether the password is a well-known one, with or without a few digits or signs around it."""
    core = password.casefold().strip("0123456789!?.#*_- ")
    return core in _COMMON or not core or len(set(password)) <= 2


_COMMON = frozenset(
    """
    password passwort passw0rd p@ssword p@ssw0rd motdepasse contraseña qwerty qwertz azerty qwertyuiop asdfgh
    asdfghjkl zxcvbn zxcvbnm iloveyou letmein welcome admin administrator login abc abcd abcdef abcdefg
    abcdefgh monkey dragon football baseball sunshine princess superman batman trustno shadow master michael
    jennifer charlie freedom whatever starwars computer internet secret changeme default guest test testing
    hello helloworld google facebook samsung pokemon minecraft liverpool arsenal chelsea barcelona lovely
    flower summer winter spring autumn cookie chocolate butterfly purple qazwsx qazwsxedc 1q2w3e 1q2w3e4r
    1q2w3e4r5t q1w2e3 q1w2e3r4 zaq12wsx acquaint
    """.split()
)
