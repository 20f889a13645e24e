"""Operators, builtins and folds in words.  In: lines of text; out: of each its use, its meaning, and a true example."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Description:
    """How a program writes a function, what it is, and a statement of the language that is true."""

    use: str
    meaning: str
    example: str


def _read(lines: str) -> dict[str, Description]:
    rows = [line.split(" :: ") for line in lines.strip().splitlines()]
    return {name: Description(use, meaning, example) for name, use, meaning, example in rows}


OF_FUNCTIONS = _read("""
add :: x + y :: sum :: 0.1 + 0.2 == 0.3
subtract :: x - y :: difference :: 3 - 5 == -2
multiply :: x * y :: product :: 3 * 0.5 == 1.5
divide :: x / y :: quotient, exact :: 1 / 3 * 3 == 1
floor_divide :: x // y :: quotient rounded down :: -7 // 2 == -4
modulo :: x % y :: what `//` leaves; has the sign of the divisor :: -7 % 3 == 2
power :: x ** y :: power; exact where it is rational :: 8 ** (1 / 3) == 2
negate :: -x :: the number with the other sign :: -(2 ** 2) == 0 - 4
abs :: abs(x) :: the number without its sign :: abs(-3) == 3
sign :: sign(x) :: -1, 0 or 1 :: sign(-0.5) == -1
min :: min(x, y, ...) :: the smallest argument :: min(3, 1, 2) == 1
max :: max(x, y, ...) :: the largest argument :: max(3, 1, 2) == 3
clip :: clip(x, low, high) :: x, brought between low and high :: clip(9, 2, 7) == 7
floor :: floor(x) :: rounded down :: floor(-0.5) == -1
ceil :: ceil(x) :: rounded up :: ceil(-0.5) == 0
round :: round(x) :: to the nearest whole number, halves up :: round(2.5) == 3
truncate :: truncate(x) :: rounded towards 0 :: truncate(-1.5) == -1
sqrt :: sqrt(x) :: square root; exact where it is rational :: sqrt(2.25) == 1.5
cbrt :: cbrt(x) :: real cube root; exact where it is rational :: cbrt(-27) == -3
exp :: exp(x) :: e to the power x :: exp(0) == 1
log :: log(x) or log(x, base) :: logarithm, natural or to a base; exact where it is rational :: log(100, 10) == 2
sin :: sin(x) or sin(k, p) :: sine of x in radians, or of k p-ths of a turn :: sin(0) == 0
cos :: cos(x) or cos(k, p) :: cosine of x in radians, or of k p-ths of a turn :: cos(1, 2) == -1
tan :: tan(x) :: tangent of x in radians :: tan(0) == 0
asin :: asin(x) :: angle in radians with this sine :: asin(0) == 0
acos :: acos(x) :: angle in radians with this cosine :: acos(1) == 0
atan :: atan(x) :: angle in radians with this tangent :: atan(0) == 0
sinh :: sinh(x) :: hyperbolic sine :: sinh(0) == 0
cosh :: cosh(x) :: hyperbolic cosine :: cosh(0) == 1
tanh :: tanh(x) :: hyperbolic tangent :: tanh(0) == 0
factorial :: factorial(n) :: product of 1 to n :: factorial(5) == 120
gcd :: gcd(n, m) :: greatest common divisor :: gcd(12, -18) == 6
is_prime :: is_prime(n) :: whether n is a prime number :: is_prime(7) and not is_prime(1)
next_prime :: next_prime(x) :: the least prime that is not below x :: next_prime(8) == 11
prime_factors :: prime_factors(n) :: prime factors in order, repeated as they divide :: prime_factors(12) == (2, 2, 3)
fibonacci :: fibonacci(n) :: the n-th Fibonacci number, counted from 0 :: fibonacci(10) == 55
equal :: x == y :: whether both are the same value :: 1 == 1.0
not_equal :: x != y :: whether they differ :: "a" != "b"
less :: x < y :: whether x comes first, of numbers or of texts :: "a" < "b"
less_equal :: x <= y :: the same or less :: 2 <= 2
greater :: x > y :: whether x comes last :: 1 / 2 > 1 / 3
greater_equal :: x >= y :: the same or greater :: 2 >= 2
and :: p and q :: both :: 1 < 2 and 2 < 3
or :: p or q :: one of them, or both :: 1 > 2 or 2 < 3
not :: not p :: the other truth value :: not 1 > 2
member :: x in A :: whether a set or tuple holds x :: 2 in {1, 2} and 2 in (1, 2)
item :: w[k] :: the letter or member at a place, counted from 0 :: "abc"[1] == "b" and (7, 8)[0] == 7
tuple :: (x, y, ...) :: tuple :: length((1, 2)) == 2
concatenate :: w + v :: v after w :: "ab" + "c" == "abc"
repeat :: w * n :: w, n times :: "ab" * 2 == "abab"
length :: length(w) :: number of letters, members or positions :: length("abc") == 3
reverse :: reverse(w) :: from back to front :: reverse("abc") == "cba"
sorted :: sorted(w) :: in ascending order :: sorted("tea") == "aet" and sorted((3, 1)) == (1, 3)
prefix :: prefix(w, n) :: the first n letters or members, or all there are :: prefix("house", 3) == "hou"
suffix :: suffix(w, n) :: the last n letters or members, or all there are :: suffix("house", 3) == "use"
slice :: slice(w, k, m) :: from place k to place m, as far as they reach :: slice("house", 1, 3) == "ous"
contains :: contains(w, part) :: whether a text has a part, or a tuple a member :: contains("house", "us")
starts_with :: starts_with(w, part) :: whether it begins so :: starts_with("house", "ho")
ends_with :: ends_with(w, part) :: whether it ends so :: ends_with("house", "se")
compose :: a * b :: permutations: first a, then b :: (1, 0, 2) * (0, 2, 1) == (2, 0, 1)
inverse :: inverse(a) :: the permutation that undoes a :: inverse((1, 2, 0)) == (2, 0, 1)
letters :: letters(w) :: its letters :: letters("ab") == ("a", "b")
lower :: lower(w) :: in lower case :: lower("Ab") == "ab"
upper :: upper(w) :: in upper case :: upper("Ab") == "AB"
replace :: replace(w, old, new) :: every old in w made new :: replace("banana", "an", "o") == "booa"
is_digit :: is_digit(w) :: whether all are digits, and there are any :: is_digit("12") and not is_digit("-1")
is_letter :: is_letter(w) :: whether all are letters, and there are any :: is_letter("ab") and not is_letter("a1")
is_upper :: is_upper(w) :: whether its letters are in upper case, and it has any :: is_upper("AB1")
is_lower :: is_lower(w) :: whether its letters are in lower case, and it has any :: is_lower("ab1")
number :: number(w) :: the number that w writes :: number("-0.5") == -0.5
text :: text(x) :: x as it is written; text stays as it is :: text(12) + "!" == "12!"
range :: a..b :: whole numbers or letters, both ends included :: size(0..9) == 10
union :: A | B :: members of either :: size({1, 2} | {2, 3}) == 3
intersection :: A & B :: members of both :: size({1, 2} & {2, 3}) == 1
difference :: A - B :: members of the first only :: size((0..9) - {3}) == 9
product :: A * B :: pairs :: (1, "a") in {1, 2} * {"a", "b"}
permutations :: permutations(n) :: the rearrangements of 0..n - 1, as tuples of images :: size(permutations(5)) == 120
first :: first(n, A) :: the first n members :: size(first(3, 0..9)) == 3
distinct :: distinct(w) :: the members or letters, each once :: size(distinct(prime_factors(12))) == 2
size :: size(A) :: number of members :: size({1, 2, 2}) == 2
""")

OF_FOLDS = _read("""
mean :: mean(x for k in D) :: mean of numbers, or share of true values; 0 of nothing :: mean(k for k in 1..4) == 2.5
sum :: sum(x for k in D) :: sum of numbers, or number of true values; 0 of nothing :: sum(k for k in 1..4) == 10
product :: product(x for k in D) :: product of numbers; 1 of nothing :: product(k for k in 1..4) == 24
max :: max(x for k in D) :: the largest number :: max(k % 3 for k in 1..4) == 2
min :: min(x for k in D) :: the smallest number :: min(k % 3 for k in 1..4) == 0
count :: count(k in D where p) :: number of members that are selected :: count(k in 1..9 where 10 % k == 0) == 3
the :: the(x for k in D) :: the only value, else `none` :: the(k for k in 1..9 where k ** 2 == 9) == 3
any :: any(q for k in D) :: whether a value is true :: any(k * k == 49 for k in 1..9)
all :: all(q for k in D) :: whether every value is true :: all(k * k < 82 for k in 1..9)
argmax :: argmax(x for k in D) :: the member with the largest value, or a tie :: argmax(k % 4 for k in 1..4) == 3
argmin :: argmin(x for k in D) :: the member with the smallest value, or a tie :: argmin(k % 4 for k in 1..4) == 4
join :: join(w for k in D) :: the texts in a row; `""` of nothing :: join(upper(c) + "." for c in "usa") == "U.S.A."
""")
