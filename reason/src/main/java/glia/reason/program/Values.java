package glia.reason.program;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// The values of programs: [BigInteger], [Boolean], [String], [ArrayList] for lists, [Range], and [#NONE].
final class Values {
    /// `None`
    static final Object NONE = new Object();

    private static final int MAX_DEPTH = 50;

    private final Budget budget;

    Values(Budget budget) {
        this.budget = budget;
    }

    /// The integers of `range(start, stop, step)`.
    record Range(long start, long stop, long step) {
        long size() {
            long span = step > 0 ? Math.subtractExact(stop, start) : Math.subtractExact(start, stop);
            return span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
        }

        BigInteger at(long index) {
            return BigInteger.valueOf(start + index * step);
        }
    }

    static String type(Object value) {
        return switch (value) {
            case BigInteger _ -> "int";
            case Boolean _ -> "bool";
            case String _ -> "str";
            case List<?> _ -> "list";
            case Range _ -> "range";
            default -> "NoneType";
        };
    }

    static boolean isTrue(Object value) {
        return switch (value) {
            case BigInteger number -> number.signum() != 0;
            case Boolean flag -> flag;
            case String text -> !text.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Range range -> range.size() > 0;
            default -> false;
        };
    }

    /// An integer or boolean as an integer; null for other values.
    static BigInteger number(Object value) {
        return value instanceof BigInteger number ? number
                : value instanceof Boolean flag ? flag ? BigInteger.ONE : BigInteger.ZERO : null;
    }

    /// The elements over which a loop runs; a list that changes meanwhile is copied by the caller where it matters.
    List<Object> elements(int line, Object value) throws ProgramException {
        switch (value) {
            case List<?> list -> {
                budget.spend(line, list.size());
                return new ArrayList<>(list);
            }
            case String text -> {
                budget.spend(line, text.length());
                List<Object> characters = new ArrayList<>();
                text.codePoints().forEach(c -> characters.add(Character.toString(c)));
                return characters;
            }
            case Range range -> {
                budget.requireLength(line, range.size());
                budget.spend(line, range.size());
                List<Object> numbers = new ArrayList<>();
                for (long i = 0; i < range.size(); i++) {
                    numbers.add(range.at(i));
                }
                return numbers;
            }
            default -> throw new ProgramException(line, "'" + type(value) + "' object is not iterable");
        }
    }

    boolean equal(int line, Object a, Object b) throws ProgramException {
        return equal(line, a, b, 0);
    }

    private boolean equal(int line, Object a, Object b, int depth) throws ProgramException {
        budget.spend(line, 1);
        if (number(a) != null && number(b) != null) {
            return number(a).equals(number(b));
        }
        if (!(a instanceof List<?> left) || !(b instanceof List<?> right)) {
            return a.equals(b);
        }
        requireDepth(line, depth);
        boolean isEqual = left.size() == right.size();
        for (int i = 0; isEqual && i < left.size(); i++) {
            isEqual = equal(line, left.get(i), right.get(i), depth + 1);
        }
        return isEqual;
    }

    private static void requireDepth(int line, int depth) throws ProgramException {
        if (depth > MAX_DEPTH) {
            throw new ProgramException(line, "found lists nested more than " + MAX_DEPTH + " deep");
        }
    }

    /// The order of two values of one type.
    int compare(int line, String sign, Object a, Object b) throws ProgramException {
        return compare(line, sign, a, b, 0);
    }

    private int compare(int line, String sign, Object a, Object b, int depth) throws ProgramException {
        budget.spend(line, 1);
        requireDepth(line, depth);
        if (number(a) != null && number(b) != null) {
            return number(a).compareTo(number(b));
        }
        if (a instanceof String left && b instanceof String right) {
            return left.compareTo(right);
        }
        if (a instanceof List<?> left && b instanceof List<?> right) {
            for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
                if (!equal(line, left.get(i), right.get(i), depth + 1)) {
                    return compare(line, sign, left.get(i), right.get(i), depth + 1);
                }
            }
            return Integer.compare(left.size(), right.size());
        }
        throw new ProgramException(line, "'" + sign + "' not supported between instances of '" + type(a) + "' and '"
                + type(b) + "'");
    }

    /// What `print` shows.
    String text(int line, Object value) throws ProgramException {
        if (value instanceof String text) {
            return text;
        }
        StringBuilder text = new StringBuilder();
        show(line, value, text, 0);
        return text.toString();
    }

    private void show(int line, Object value, StringBuilder text, int depth) throws ProgramException {
        requireDepth(line, depth);
        int start = text.length();
        switch (value) {
            case BigInteger number -> text.append(number);
            case Boolean flag -> text.append(flag ? "True" : "False");
            case String string -> quote(string, text);
            case Range range -> text.append("range(").append(range.start()).append(", ").append(range.stop())
                    .append(range.step() == 1 ? "" : ", " + range.step()).append(')');
            case List<?> list -> {
                text.append('[');
                for (int i = 0; i < list.size(); i++) {
                    text.append(i == 0 ? "" : ", ");
                    show(line, list.get(i), text, depth + 1);
                }
                text.append(']');
            }
            default -> text.append("None");
        }
        budget.requireLength(line, text.length());
        budget.spend(line, depth == 0 ? text.length() - start : 1);
    }

    private static void quote(String string, StringBuilder text) {
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        text.append(quote);
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            text.append(c == '\n' ? "\\n" : c == '\\' || c == quote ? "\\" + c : Character.toString(c));
        }
        text.append(quote);
    }
}
