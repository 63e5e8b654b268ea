package glia.reason.reward.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MathAnswerTest {
    private static boolean accepts(String gold, String answer) {
        Optional<MathAnswer> found = MathAnswer.find(answer);
        return found.isPresent() && MathAnswer.expected(gold).orElseThrow().accepts(found.get());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "$\\frac{1}{3}$ | 0.333333 | true", "$\\frac{1}{3}$ | 0.3333 | false", "$3$ | 3.0000001 | false",
        "$3$ | 3.0 | true", "$\\sqrt{2}$ | 1.414214 | true", "$10^{100}$ | $10^{100}+1$ | false",
        "$74\\%$ | $74$ | true", "$74\\%$ | 0.74 | true", "$\\frac{1}{2}$ | 50% | true", "$1$ | $100\\%$ | true",
        "$\\sqrt{8}$ | $2\\sqrt2$ | true", "$\\sqrt[3]{-8}$ | $-2$ | true", "$\\sqrt{-4}$ | $2i$ | true",
        "$2e^{i\\pi}$ | $-2$ | true", "$(1+i)^2$ | $2i$ | true", "$0.1\\overline{6}$ | $\\frac{1}{6}$ | true",
        "$\\sin^2x+\\cos^2x$ | $1$ | true", "$\\sin 2x$ | $2\\sin x\\cos x$ | true", "$\\ln x^2$ | $2\\ln x$ | false",
        "$\\log_2 8$ | $3$ | true", "$\\arctan 1$ | $\\frac{\\pi}{4}$ | true", "$\\binom{7}{3}$ | 35 | true",
        "$\\frac{x^2-1}{x-1}$ | $x+1$ | true", "$x^2$ | $x^3$ | false", "$\\sum_{i=1}^{4} i^2$ | $30$ | true",
        "$\\lvert -3\\rvert$ | 3 | true", "$\\lfloor 2.7 \\rfloor$ | 2 | true", "$7 \\bmod 4$ | 3 | true",
        "$5\\frac{1}{2}$ | 5.5 | true", "$-2\\frac12$ | -2.5 | true", "$x^2+1$ | $1+x^2$ | true",
        "x^2+1 | $1+x^2$ | true", "3/4 | 0.75 | true", "$\\frac{-1\\pm\\sqrt5}{2}$ | "
            + "$\\frac{-1-\\sqrt5}{2}, \\frac{\\sqrt5-1}{2}$ | true",
    })
    void scalars(String gold, String answer, boolean expected) {
        assertEquals(expected, accepts(gold, answer), gold + " " + answer);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "$x=3$ | $3$ | true", "$3$ | $x=3$ | true", "$x=3$ | $y=3$ | false", "$x=3$ | $3=x$ | true",
        "$3x+2y=1$ | $6x+4y=2$ | true", "$3x+2y=1$ | $6x+4y=3$ | false", "$y=2x$ | $2x-y=0$ | true",
        "$x>2$ | $2<x$ | true", "$x>2$ | $x\\ge2$ | false", "$2x>30$ | $x>15$ | true", "$-x>3$ | $x<-3$ | true",
        "$-x>3$ | $x>-3$ | false", "$x^2<4$ | $(-2,2)$ | true", "$x^2\\ge4$ | $(-\\infty,-2]\\cup[2,\\infty)$ | true",
        "$\\lvert x\\rvert<3$ | $(-3,3)$ | true", "$x\\ne2$ | $(-\\infty,2)\\cup(2,\\infty)$ | true",
        "$1<x<2$ | $2>x>1$ | true",
        "$[1,2)$ | $1\\le x<2$ | true", "$x<1$ or $x>2$ | $(-\\infty,1)\\cup(2,\\infty)$ | true",
        "$\\{1,2\\}$ | $2, 1$ | true", "$\\{1,2\\}$ | $\\{1,2,3\\}$ | false", "$1,2$ | $x=2$ or $x=1$ | true",
        "$x=1,y=2$ | $y=2,x=1$ | true", "$(1,2)$ | $(2,1)$ | false", "$[1,2]$ | $(1,2)$ | false",
        "$(1,2,3)$ | $(1,2,3)$ | true", "$[0,1]\\cup[1,2]$ | $[0,2]$ | true",
        "$\\mathbb{R}$ | $(-\\infty,\\infty)$ | true",
        "$\\mathbb{R}\\setminus\\{1\\}$ | $(-\\infty,1)\\cup(1,\\infty)$ | true", "$\\emptyset$ | $\\{\\}$ | true",
        "$\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}$ | $\\begin{bmatrix}1&2\\\\3&\\frac82\\end{bmatrix}$ | true",
        "$\\begin{pmatrix}1&2\\end{pmatrix}$ | $\\begin{pmatrix}1\\\\2\\end{pmatrix}$ | false",
        "$\\infty$ | $-\\infty$ | false", "$f(x)=x^2$ | $x^2$ | true",
        "$(1,2)$ | $x>1 \\text{ and } x<2$ | true", "$(1,2)$ | $x>1 \\text{ or } x<2$ | false",
        "$\\mathbb{R}$ | $x>1 \\text{ or } x<2$ | true", "$(1,2)$ | $x>1 \\land x<2$ | true",
        "$[1,2)$ | $\\{x \\mid 1\\le x<2\\}$ | true",
        "$[1,2)$ | $\\{x \\in \\mathbb{R} : 1\\le x, x<2\\}$ | true",
        "$(-\\infty,1)\\cup(2,\\infty)$ | $\\{x : x<1 \\text{ or } x>2\\}$ | true",
        "$[1,2)$ | $\\{x \\in \\mathbb{Z} : 1\\le x<2\\}$ | false", "$[1,2)$ | $\\bigl[1,\\,2\\bigr)$ | true",
        "$\\begin{pmatrix}1\\\\2\\end{pmatrix}$ | $\\begin{pmatrix}1\\\\[4pt]2\\end{pmatrix}$ | true",
        "$x=1 \\text{ and } y=2$ | $y=2,x=1$ | true", "$x=1,y=2$ | $(1,2)$ | true", "$(2,1)$ | $x=2,y=1$ | true",
        "$(-\\infty,1)\\cup(2,\\infty)$ | $m<1 \\text{ or } m>2$ | true",
        "$(-\\infty,1)\\cup(2,\\infty)$ | $m<1 \\text{ or } m\\ge2$ | false",
    })
    void collectionsAndRelations(String gold, String answer, boolean expected) {
        assertEquals(expected, accepts(gold, answer), gold + " " + answer);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "x^{10} | x¹⁰", "0.001 | 10⁻³", "\\frac{7}{2} | 3½", "\\frac{2}{3} | ⅔", "\\sqrt{12} | √12",
        "\\sqrt{x+1} | √(x+1)", "\\alpha+\\Delta | α+Δ", "2 | ∛8", "2 | ⌊2.7⌋", "12 | １２",
        "(1,2) | (1，2)", "(-\\infty,3) | (−∞, 3)",
        "25\\% | 25％", "\\frac{3}{4} | 3⁄4", "a_{12} | a₁₂", "2x | 2⋅x", "5000 | 5\u00A0000", "x\\le2 | x⩽2",
        "5 | 5\\text{ cm}^2", "5 | 5\\,\\mathrm{cm^{2}}", "5 | 5 cm²", "20 | 20^\\circ\\text{C}", "20 | 20°C",
        "6 | 6\\,\\Omega",
    })
    void unicodeAndUnits(String gold, String answer) {
        assertTrue(accepts("$" + gold + "$", "\\boxed{" + answer + "}"), gold + " " + answer);
        assertFalse(accepts("$" + gold + "+\\frac{1}{7}$", "\\boxed{" + answer + "}"), gold + " " + answer);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "So \\boxed{7}. Check: $8$ | 7", "The answer is $7$, since $8$ is too large | 7", "$7$ then $8$ | 8",
        "answer: 7 and then 9 | 7", "\\boxed{\\boxed{7}} | 7", "\\boxed{7 \\text{ cm}} | 7", "7 apples | 7",
        "It costs \\$7. | 7", "**7** | 7", "7,000 people | 7000", "\\boxed{7{,}000} | 7000", "\\boxed{x=y=7} | 7",
        "$$\\boxed{7}$$ | 7", "\\[ 7 \\] | 7", "\\(7\\) | 7", "\\boxed{\\text{The answer is } 7} | 7",
        "3 + 4 = 7 | 7", "\\boxed{12\\,345} | 12345", "Final answer: $7^\\circ$ | 7", "\\boxed{\\mathbf{7}} | 7",
        "\\boxed {7} and 8 | 7", "So `7`. | 7", "`7` | 7", "=7 | 7",
        "It is 3 1/2. | \\frac{7}{2}", "\\boxed{-3 1/2} | -\\frac{7}{2}",
    })
    void placesOfAnswers(String text, String expected) {
        assertTrue(accepts("$" + expected + "$", text), () -> MathAnswer.find(text).toString());
    }

    /// Expected answers without dollar signs, as data sets have them.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "2^{10} | $1024$ | true", "5! | 120 | true", "+5 | 5 | true", "(1,2) | $(1,2)$ | true",
        "(1,2) | $(2,1)$ | false", "2, 3, 5 | $5,3,2$ | true", "2, 3, 5 | $5,3$ | false", "4ac | $4ca$ | true",
        "x^2+2xy | $x(x+2y)$ | true", "10:30 | $10:30$ | true", "\\angle ABC | $\\angle ABC$ | true",
        "True | \\boxed{\\text{true}} | true", "True | \\boxed{false} | false", "even | \\boxed{even} | true",
        "live | \\boxed{evil} | false", "1,5 | 1.5 | true", "1,234 | 1234 | true", "The answer is 5! | 5 | true",
        "5 dogs | 5 | true", "#### 42 | 42 | true", "0.\\dot{2}\\dot{7} | $\\frac{3}{11}$ | true",
        "0.1\\dot{2}3\\dot{4} | $\\frac{1233}{9990}$ | true", "\\frac{n!}{(n-1)!} | $n$ | true",
        "\\frac{n!}{(n-1)!} | $n+1$ | false", "\\binom{n}{2} | $\\frac{n(n-1)}{2}$ | true",
        "\\sum_{k=1}^{n} k | $\\frac{n(n+1)}{2}$ | true", "\\sum_{k=1}^{n} k | $\\frac{n^2}{2}$ | false",
    })
    void expectedAnswersWithoutDelimiters(String gold, String answer, boolean expected) {
        assertEquals(expected, accepts(gold, answer), gold + " " + answer);
    }

    @Test
    void textsWithoutAnswersHaveNone() {
        assertEquals(Optional.empty(), MathAnswer.find("I do not know."));
        assertEquals(Optional.empty(), MathAnswer.find(""));
        assertEquals(Optional.empty(), MathAnswer.expected("no number here"));
        assertEquals(Optional.empty(), MathAnswer.findStrict("The answer is 7"));
        assertTrue(MathAnswer.findStrict("The answer is $7$").isPresent());
        assertFalse(accepts("$7$", "\\boxed{\\frac{7}{0}}"));
        assertFalse(accepts("$\\frac{7}{0}$", "\\boxed{\\frac{7}{0}}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"red", "blue", "Monday", "True"})
    void wordsAreComparedByLetters(String word) {
        assertTrue(accepts("$\\text{" + word + "}$", "\\boxed{" + word + "}"));
        assertTrue(accepts("$\\text{" + word + "}$",
                "\\boxed{\\text{" + word.toUpperCase(java.util.Locale.ROOT) + "}}"));
        assertFalse(accepts("$\\text{" + word + "}$", "\\boxed{\\text{green}}"));
    }
}
