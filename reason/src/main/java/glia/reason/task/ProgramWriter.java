package glia.reason.task;

import java.util.ArrayList;
import java.util.List;

/// Writes random programs that end after few steps.
final class ProgramWriter {
    private static final List<String> NAMES = List.of("a", "b", "c", "d");
    private static final List<String> OPERATORS = List.of("+", "-", "*");
    private static final List<String> COMPARISONS = List.of("<", ">", "<=", ">=", "==", "!=");

    private final RandomStream random;
    private final List<String> known = new ArrayList<>();
    private final StringBuilder source = new StringBuilder();

    ProgramWriter(RandomStream random) {
        this.random = random;
    }

    String write(int level) {
        switch (level) {
            case 1 -> assignments(random.between(2, 3));
            case 2 -> branch();
            case 3 -> loop();
            case 4 -> {
                if (random.chance(0.5)) {
                    list();
                } else {
                    string();
                }
            }
            default -> {
                if (random.chance(0.5)) {
                    function();
                } else {
                    nested();
                }
            }
        }
        return source.toString().stripTrailing();
    }

    private void line(int depth, String text) {
        source.append("    ".repeat(depth)).append(text).append('\n');
    }

    private String number() {
        return Integer.toString(random.between(1, 9));
    }

    /// A known name or a number.
    private String operand() {
        return known.isEmpty() || random.chance(0.3) ? number() : random.pick(known);
    }

    private String sum() {
        String text = operand() + " " + random.pick(OPERATORS) + " " + operand();
        return random.chance(0.4) ? text + " " + random.pick(OPERATORS) + " " + number() : text;
    }

    private String condition(String name) {
        return random.chance(0.4) ? name + " % " + random.between(2, 4) + " == " + random.between(0, 1)
                : name + " " + random.pick(COMPARISONS) + " " + operand();
    }

    private void assignments(int count) {
        for (String name : NAMES.subList(0, count)) {
            line(0, name + " = " + (known.isEmpty() ? number() : sum()));
            known.add(name);
        }
        if (random.chance(0.5)) {
            String name = random.pick(known);
            line(0, name + " " + random.pick(List.of("+=", "-=", "*=")) + " " + operand());
        }
        line(0, "print(" + (random.chance(0.5) ? known.getLast() : sum()) + ")");
    }

    private void branch() {
        for (String name : NAMES.subList(0, 2)) {
            line(0, name + " = " + (known.isEmpty() ? random.between(1, 20) : sum()));
            known.add(name);
        }
        line(0, "if " + condition(random.pick(known)) + ":");
        line(1, "c = " + sum());
        if (random.chance(0.4)) {
            line(0, "elif " + condition(random.pick(known)) + ":");
            line(1, "c = " + sum());
        }
        line(0, "else:");
        line(1, "c = " + sum());
        known.add("c");
        line(0, "print(" + (random.chance(0.6) ? "c" : "c " + random.pick(OPERATORS) + " " + operand()) + ")");
    }

    private void loop() {
        line(0, "total = " + random.between(0, 9));
        if (random.chance(0.3)) {
            int step = random.between(2, 5);
            line(0, "n = " + random.between(6, 30));
            line(0, "while n > " + random.between(0, 4) + ":");
            known.add("n");
            body("n");
            line(1, random.chance(0.5) ? "n -= " + step : "n = n // 2");
        } else {
            int start = random.between(0, 3);
            line(0, "for i in range(" + start + ", " + (start + random.between(3, 6)) + "):");
            known.add("i");
            body("i");
        }
        line(0, "print(total)");
    }

    private void body(String name) {
        String change = "total " + random.pick(List.of("+=", "-=", "+=")) + " ";
        if (random.chance(0.5)) {
            line(1, "if " + condition(name) + ":");
            line(2, change + sum());
            if (random.chance(0.5)) {
                line(1, "else:");
                line(2, "total += " + number());
            }
        } else {
            line(1, change + sum());
        }
    }

    private void list() {
        List<String> numbers = new ArrayList<>();
        for (int i = random.between(4, 6); i > 0; i--) {
            numbers.add(number());
        }
        line(0, "x = [" + String.join(", ", numbers) + "]");
        for (int i = random.between(1, 3); i > 0; i--) {
            line(0, switch (random.below(6)) {
                case 0 -> "x.append(" + number() + ")";
                case 1 -> "x.reverse()";
                case 2 -> "x[" + random.between(0, 3) + "] = " + number();
                case 3 -> "x = x[" + random.between(0, 1) + ":" + random.between(3, 4) + "] + [" + number() + "]";
                case 4 -> "x = sorted(x)";
                default -> "x[0] += x[-1]";
            });
        }
        line(0, "print(" + random.pick(List.of("x", "sum(x)", "x[1] * x[-1]", "max(x) - min(x)", "len(x) + x[2]",
                "x[::-1]")) + ")");
    }

    private void string() {
        line(0, "s = \"" + RandomWords.word(random, random.between(4, 7)) + "\"");
        line(0, "t = \"\"");
        line(0, "for c in s:");
        String test = random.pick(List.of("c in \"aeiou\"", "c not in \"aeiou\"", "c < \"m\"", "c > \"k\"",
                "s.count(c) == 1"));
        line(1, "if " + test + ":");
        line(2, random.pick(List.of("t = t + c", "t = c + t", "t += c * 2", "t += c.upper()")));
        if (random.chance(0.5)) {
            line(1, "else:");
            line(2, "t += \"" + random.pick(List.of("-", "o", "x")) + "\"");
        }
        line(0, "print(" + random.pick(List.of("t", "t[::-1]", "len(t)", "t + s[0]", "t[1:]", "t + str(len(s))"))
                + ")");
    }

    private void function() {
        if (random.chance(0.5)) {
            line(0, "def f(n):");
            line(1, "if n < " + random.between(1, 3) + ":");
            line(2, "return " + number());
            line(1, "return " + random.pick(List.of("n + f(n - 1)", "f(n - 1) + f(n - 2)", "2 * f(n - 1) - n",
                    "n * 2 - f(n - 2)", "f(n // 2) + n % 3")));
            line(0, "print(f(" + random.between(4, 7) + "))");
            return;
        }
        known.addAll(List.of("x", "y"));
        line(0, "def f(x, y):");
        line(1, "if " + condition("x") + ":");
        line(2, "return " + sum());
        line(1, "return " + sum());
        line(0, "a = f(" + number() + ", " + number() + ")");
        line(0, "b = f(a, " + number() + ")");
        line(0, "print(" + random.pick(List.of("a + b", "a - b", "a, b", "b", "f(b, a)")) + ")");
    }

    private void nested() {
        known.addAll(List.of("i", "j"));
        line(0, "total = 0");
        line(0, "for i in range(" + random.between(2, 4) + "):");
        line(1, "for j in range(" + random.pick(List.of("i", "3", "2", "i + 1")) + "):");
        line(2, "if " + condition(random.pick(List.of("i", "j", "(i + j)"))) + ":");
        line(3, random.chance(0.2) ? "break" : "total += " + sum());
        line(2, "total += " + sum());
        line(0, "print(total)");
    }
}
