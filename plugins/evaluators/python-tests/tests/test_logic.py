"""`python3 -m unittest discover tests`, in the folder above; needs nothing but Python 3.11."""

import pathlib
import random
import sys
import unittest
import warnings

warnings.simplefilter("ignore")
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

import extract
import library

library.load()

import run_programs
import settings
import values


def by_trying_all(lines):
    best, most = [], 0
    for start in range(len(lines)):
        for end in range(start + 1, len(lines) + 1):
            count = sum(bool(line.strip()) for line in lines[start:end])
            if count > most and extract.parses("\n".join(lines[start:end]) + "\n"):
                best, most = lines[start:end], count
    return best


class LongestRange(unittest.TestCase):
    PIECES = """def f(x):|    return x|    if x:|        pass|    else:|x = 1|Some prose here.|word|```python|```||
    |import math|class A:|    def g(self):|        return (1,|                2)|y = [|1, 2|]|text = ''' open|close '''|@deco|try:
    |except E:|for i in x: print(i)|x = 1 \\|"unclosed|# comment|  odd|if x: pass|elif y: pass|lambda: 0|return 3|):"""

    def test_is_the_one_that_trying_all_finds(self):
        pieces = [piece.rstrip("\n") for piece in self.PIECES.split("|")]
        chance = random.Random(5)
        for _ in range(600):
            lines = [chance.choice(pieces) for _ in range(chance.randint(1, 14))]
            self.assertEqual(extract.longest_valid_range(lines), by_trying_all(lines), lines)


class Functions(unittest.TestCase):
    def test_a_later_block_is_joined_to_what_it_needs(self):
        reply = "```python\ndef h(x):\n    return x\n```\nand\n```python\ndef f(x):\n    return h(x)\n```"
        self.assertEqual(
            extract.fixed_functions(reply, {"f"}), "def h(x):\n    return x\n\ndef f(x):\n    return h(x)"
        )

    def test_a_later_version_wins(self):
        reply = "```python\ndef f(x):\n    return 1\n```\nBetter:\n```python\ndef f(x):\n    return 2\n```\n```\nf(1)\n```"
        self.assertEqual(extract.fixed_functions(reply, {"f"}).strip(), "def f(x):\n    return 2")

    def test_thinking_is_not_the_answer(self):
        reply = "<think>\n```python\ndef f(x):\n    return 1\n```\n</think>\n```py\ndef f(x):\n    return 2\n```"
        self.assertEqual(extract.fixed_functions(reply, {"f"}).strip(), "def f(x):\n    return 2")

    def test_fences_in_quotations_and_lists_are_found(self):
        for reply in ("> ```python\n> x = 1\n> ```", "1. Then:\n\n   ~~~python\n   x = 1\n   ~~~", "- ```python\n  x = 1\n  ```"):
            self.assertEqual(len(extract.blocks(reply)), 1, reply)

    def test_code_among_prose_is_found_without_fences(self):
        lines = ["Well, this is it."] * 120 + ["def f(x):", "    return x", "", "It works, doesn't it?"]
        self.assertEqual(extract.fixed_functions("\n".join(lines), {"f"}).strip(), "def f(x):\n    return x")

    def test_no_reply_breaks_it(self):
        chance = random.Random(3)
        letters = "`~>-* \n\t\r#()[]{}:='\"\\défx1\0\u2028\ud800"
        for _ in range(2000):
            reply = "".join(chance.choice(letters) for _ in range(chance.randint(0, 60)))
            extract.fixed_functions(reply, {"f"})
            extract.fixed_program(reply, None)
            extract.compat_functions(reply)
            extract.compat_program(reply)


class Programs(unittest.TestCase):
    def test_the_last_block_that_reads_its_input_is_taken(self):
        reply = "```python\nprint(input())\n```\nFor example:\n```\n3\n```\n```python\nx = f(1)\n```"
        self.assertEqual(extract.fixed_program(reply, None), "print(input())\n")

    def test_output_is_compared_as_text_and_as_exact_numbers(self):
        for written, expected, same in [
            ("3\n", "3", True),
            ("3.0 1e2", "3 100", True),
            ("0.30000000001", "0.3", False),
            ("1\n\n2", "1\n2", False),
            ("  a \n b ", "a\nb", True),
            ("nan", "nan", True),
            ("NaN", "nan", False),
            ("sNaN", "1", False),
            ("a 1", "a 1.0", False),
            ("9" * 5000, "9" * 4999 + "8", False),
            ("1e999999999999", "1e999999999999.0", False),
        ]:
            self.assertEqual(run_programs.same_output(written, expected), same, written[:20])


class Values(unittest.TestCase):
    def test_plain_values_are_trusted_at_any_depth(self):
        import collections, datetime, decimal, fractions, enum

        values.remember_classes()
        made = [1, "a", (2.5, {3: [None]}), {4}, decimal.Decimal(1), fractions.Fraction(1, 2), datetime.date(2024, 1, 1)]
        made += [collections.Counter("ab"), collections.deque([1]), range(3), {1: 2}.keys(), object(), len, [].append, enum.Enum, enum.Enum("E", "X").X]
        made.append(made)
        self.assertIsNone(values.fault_of(made))
        deep = []
        for _ in range(100_000):
            deep = [deep]
        self.assertIsNone(values.fault_of(deep))

    def test_a_class_that_decides_for_itself_is_not(self):
        kind = type("Sly", (int,), {"__eq__": lambda self, other: True})
        for made in (kind(), [kind()], {1: (kind(),)}, type("Slyer", (kind,), {})()):
            self.assertIn(values.fault_of(made), ("Sly", "Slyer"))


class Settings(unittest.TestCase):
    def test_defaults_and_what_is_refused(self):
        self.assertEqual(settings.read("{}"), ("fixed", "check"))
        for text in ('{"x":1}', "[]", "{", '{"mode":null}'):
            self.assertRaises(ValueError, settings.read, text)


if __name__ == "__main__":
    unittest.main()
