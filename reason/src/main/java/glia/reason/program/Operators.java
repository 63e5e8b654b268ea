package glia.reason.program;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// Operators, elements and slices.
final class Operators {
    private final Budget budget;
    private final Values values;

    Operators(Budget budget, Values values) {
        this.budget = budget;
        this.values = values;
    }

    Object binary(int line, String sign, Object a, Object b) throws ProgramException {
        BigInteger x = Values.number(a);
        BigInteger y = Values.number(b);
        if (x != null && y != null) {
            return arithmetic(line, sign, x, y);
        }
        if (sign.equals("+") && a instanceof String left && b instanceof String right) {
            requireLength(line, (long) left.length() + right.length());
            return left + right;
        }
        if (sign.equals("+") && a instanceof List<?> left && b instanceof List<?> right) {
            requireLength(line, (long) left.size() + right.size());
            List<Object> both = new ArrayList<>(left);
            both.addAll(right);
            return both;
        }
        if (sign.equals("*") && (x == null ^ y == null)) {
            Object repeated = x == null ? a : b;
            BigInteger times = (x == null ? y : x).max(BigInteger.ZERO);
            if (repeated instanceof String || repeated instanceof List) {
                return repeat(line, repeated, times);
            }
        }
        throw new ProgramException(line, "unsupported operand type(s) for " + sign + ": '" + Values.type(a) + "' and '"
                + Values.type(b) + "'");
    }

    /// The value of `a += b` and its like; lists change in place.
    @SuppressWarnings("unchecked")
    Object update(int line, String sign, Object a, Object b) throws ProgramException {
        if (a instanceof ArrayList<?> list && (sign.equals("+") || sign.equals("*"))) {
            List<Object> result = (List<Object>) binary(line, sign, a, sign.equals("+") ? values.elements(line, b) : b);
            list.clear();
            ((List<Object>) list).addAll(result);
            return list;
        }
        return binary(line, sign, a, b);
    }

    private void requireLength(int line, long length) throws ProgramException {
        budget.requireLength(line, length);
        budget.spend(line, length);
    }

    private Object repeat(int line, Object value, BigInteger times) throws ProgramException {
        long size = value instanceof String text ? text.length() : ((List<?>) value).size();
        budget.requireBits(line, times.bitLength());
        BigInteger length = times.multiply(BigInteger.valueOf(size));
        requireLength(line, length.bitLength() > 40 ? Long.MAX_VALUE : length.longValue());
        int count = size == 0 ? 0 : times.intValueExact();
        if (value instanceof String text) {
            return text.repeat(count);
        }
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.addAll((List<?>) value);
        }
        return all;
    }

    private BigInteger arithmetic(int line, String sign, BigInteger x, BigInteger y) throws ProgramException {
        return switch (sign) {
            case "+" -> budget.checked(line, x.add(y));
            case "-" -> budget.checked(line, x.subtract(y));
            case "*" -> {
                budget.requireBits(line, (long) x.bitLength() + y.bitLength() - 1);
                yield budget.checked(line, x.multiply(y));
            }
            case "**" -> power(line, x, y);
            default -> {
                if (y.signum() == 0) {
                    throw new ProgramException(line, "integer division or modulo by zero");
                }
                BigInteger[] parts = x.divideAndRemainder(y);
                boolean isRounded = parts[1].signum() != 0 && parts[1].signum() != y.signum();
                yield sign.equals("//") ? isRounded ? parts[0].subtract(BigInteger.ONE) : parts[0]
                        : isRounded ? parts[1].add(y) : parts[1];
            }
        };
    }

    private BigInteger power(int line, BigInteger x, BigInteger y) throws ProgramException {
        if (y.signum() < 0) {
            throw new ProgramException(line, "found a negative exponent, which gives a number with a fraction");
        }
        if (x.abs().bitLength() <= 1) {
            return x.signum() >= 0 ? y.signum() == 0 ? BigInteger.ONE : x
                    : y.testBit(0) ? x : BigInteger.ONE;
        }
        budget.requireBits(line, y.bitLength() > 31 ? Long.MAX_VALUE : (x.abs().bitLength() - 1L) * y.longValue());
        return budget.checked(line, x.pow(y.intValueExact()));
    }

    boolean compare(int line, String sign, Object a, Object b) throws ProgramException {
        return switch (sign) {
            case "==" -> values.equal(line, a, b);
            case "!=" -> !values.equal(line, a, b);
            case "in" -> contains(line, b, a);
            case "not in" -> !contains(line, b, a);
            case "<" -> values.compare(line, sign, a, b) < 0;
            case "<=" -> values.compare(line, sign, a, b) <= 0;
            case ">" -> values.compare(line, sign, a, b) > 0;
            default -> values.compare(line, sign, a, b) >= 0;
        };
    }

    private boolean contains(int line, Object all, Object one) throws ProgramException {
        if (all instanceof String text) {
            if (!(one instanceof String part)) {
                throw new ProgramException(line, "'in <string>' requires string as left operand, not "
                        + Values.type(one));
            }
            budget.spend(line, text.length());
            return text.contains(part);
        }
        for (Object element : values.elements(line, all)) {
            if (values.equal(line, element, one)) {
                return true;
            }
        }
        return false;
    }

    Object element(int line, Object of, Object index) throws ProgramException {
        if (of instanceof String text) {
            int place = place(line, text.codePointCount(0, text.length()), index, "string");
            return Character.toString(text.codePointAt(text.offsetByCodePoints(0, place)));
        }
        if (of instanceof List<?> list) {
            return list.get(place(line, list.size(), index, "list"));
        }
        throw new ProgramException(line, "'" + Values.type(of) + "' object is not subscriptable");
    }

    /// The place of an index, which counts from the end if it is negative.
    static int place(int line, int size, Object index, String what) throws ProgramException {
        BigInteger number = Values.number(index);
        if (number == null) {
            throw new ProgramException(line, what + " indices must be integers, not " + Values.type(index));
        }
        BigInteger place = number.signum() < 0 ? number.add(BigInteger.valueOf(size)) : number;
        if (place.signum() < 0 || place.compareTo(BigInteger.valueOf(size)) >= 0) {
            throw new ProgramException(line, what + " index out of range");
        }
        return place.intValue();
    }

    /// A slice; absent bounds are null.
    Object slice(int line, Object of, Object from, Object to, Object step) throws ProgramException {
        if (!(of instanceof String) && !(of instanceof List)) {
            throw new ProgramException(line, "'" + Values.type(of) + "' object is not subscriptable");
        }
        List<Object> all = values.elements(line, of);
        int size = all.size();
        long stride = bound(line, step, 1, Integer.MAX_VALUE);
        if (stride == 0) {
            throw new ProgramException(line, "slice step cannot be zero");
        }
        long low = stride > 0 ? 0 : -1;
        long high = stride > 0 ? size : size - 1L;
        long start = clamp(bound(line, from, stride > 0 ? low : high, size), from != null, size, low, high);
        long end = clamp(bound(line, to, stride > 0 ? high : low, size), to != null, size, low, high);
        List<Object> list = new ArrayList<>();
        for (long i = start; stride > 0 ? i < end : i > end; i += stride) {
            list.add(all.get((int) i));
        }
        if (of instanceof String) {
            StringBuilder string = new StringBuilder();
            list.forEach(string::append);
            return string.toString();
        }
        return list;
    }

    private static long bound(int line, Object value, long absent, int max) throws ProgramException {
        if (value == null || value == Values.NONE) {
            return absent;
        }
        BigInteger number = Values.number(value);
        if (number == null) {
            throw new ProgramException(line, "slice indices must be integers or None");
        }
        return number.bitLength() < 40 ? number.longValue() : number.signum() * 2L * max;
    }

    private static long clamp(long bound, boolean isGiven, int size, long low, long high) {
        return isGiven ? Math.clamp(bound < 0 ? bound + size : bound, low, high) : bound;
    }
}
