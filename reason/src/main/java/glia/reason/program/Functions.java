package glia.reason.program;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The functions that programs can call, and the methods of their strings and lists.
final class Functions {
    private final Budget budget;
    private final Values values;
    private final StringBuilder output = new StringBuilder();

    Functions(Budget budget, Values values) {
        this.budget = budget;
        this.values = values;
    }

    String output() {
        return output.toString();
    }

    Object call(int line, String name, List<Object> arguments) throws ProgramException {
        switch (name) {
            case "print":
                return print(line, arguments);
            case "range":
                return range(line, arguments);
            case "min", "max":
                return extreme(line, name, arguments);
            case "len", "abs", "sum", "sorted", "str", "int", "bool", "list", "chr", "ord", "any", "all":
                if (arguments.size() != 1) {
                    throw new ProgramException(line, name + "() takes 1 argument here, found " + arguments.size());
                }
                return ofOne(line, name, arguments.getFirst());
            default:
                throw new ProgramException(line, "name '" + name + "' is not defined");
        }
    }

    private Object print(int line, List<Object> arguments) throws ProgramException {
        for (int i = 0; i < arguments.size(); i++) {
            String text = values.text(line, arguments.get(i));
            budget.spend(line, text.length());
            output.append(i == 0 ? "" : " ").append(text);
        }
        output.append('\n');
        if (output.length() > budget.limits().characters()) {
            output.setLength(budget.limits().characters());
            throw new ProgramException(line, "printed more than " + budget.limits().characters() + " characters");
        }
        return Values.NONE;
    }

    private static Values.Range range(int line, List<Object> arguments) throws ProgramException {
        if (arguments.isEmpty() || arguments.size() > 3) {
            throw new ProgramException(line, "range() takes 1 to 3 arguments, found " + arguments.size());
        }
        long[] bounds = new long[arguments.size()];
        for (int i = 0; i < bounds.length; i++) {
            BigInteger number = Values.number(arguments.get(i));
            if (number == null || number.bitLength() > 40) {
                throw new ProgramException(line, "range() takes integers of at most 40 bits");
            }
            bounds[i] = number.longValue();
        }
        if (bounds.length == 3 && bounds[2] == 0) {
            throw new ProgramException(line, "range() arg 3 must not be zero");
        }
        return bounds.length == 1 ? new Values.Range(0, bounds[0], 1)
                : new Values.Range(bounds[0], bounds[1], bounds.length == 3 ? bounds[2] : 1);
    }

    private Object extreme(int line, String name, List<Object> arguments) throws ProgramException {
        if (arguments.isEmpty()) {
            throw new ProgramException(line, name + "() takes at least 1 argument, found none");
        }
        List<Object> all = arguments.size() == 1 ? values.elements(line, arguments.getFirst()) : arguments;
        if (all.isEmpty()) {
            throw new ProgramException(line, name + "() iterable argument is empty");
        }
        Object best = all.getFirst();
        for (Object one : all.subList(1, all.size())) {
            int order = values.compare(line, name.equals("max") ? ">" : "<", one, best);
            best = name.equals("max") ? order > 0 ? one : best : order < 0 ? one : best;
        }
        return best;
    }

    private Object ofOne(int line, String name, Object value) throws ProgramException {
        switch (name) {
            case "len":
                return BigInteger.valueOf(switch (value) {
                    case String text -> text.codePointCount(0, text.length());
                    case List<?> list -> list.size();
                    case Values.Range range -> range.size();
                    default -> throw wrong(line, name, value);
                });
            case "abs":
                if (Values.number(value) == null) {
                    throw wrong(line, name, value);
                }
                return Values.number(value).abs();
            case "str":
                return values.text(line, value);
            case "bool":
                return Values.isTrue(value);
            case "int":
                return integer(line, value);
            case "chr":
                if (Values.number(value) == null || Values.number(value).bitLength() > 15
                        || Values.number(value).signum() < 0) {
                    throw wrong(line, name, value);
                }
                return Character.toString(Values.number(value).intValue());
            case "ord":
                if (!(value instanceof String text) || text.length() != 1) {
                    throw wrong(line, name, value);
                }
                return BigInteger.valueOf(text.charAt(0));
            default:
                return ofElements(line, name, values.elements(line, value));
        }
    }

    private Object ofElements(int line, String name, List<Object> all) throws ProgramException {
        switch (name) {
            case "sum":
                BigInteger sum = BigInteger.ZERO;
                for (Object one : all) {
                    if (Values.number(one) == null) {
                        throw new ProgramException(line, "unsupported operand type(s) for +: 'int' and '"
                                + Values.type(one) + "'");
                    }
                    sum = budget.checked(line, sum.add(Values.number(one)));
                }
                return sum;
            case "sorted":
                sort(line, all);
                return all;
            case "any", "all":
                boolean isAll = name.equals("all");
                return all.stream().anyMatch(one -> Values.isTrue(one) != isAll) != isAll;
            default:
                return all;
        }
    }

    private Object integer(int line, Object value) throws ProgramException {
        if (Values.number(value) != null) {
            return Values.number(value);
        }
        if (value instanceof String text && text.strip().matches("[+-]?[0-9]{1,1000}")) {
            return budget.checked(line, new BigInteger(text.strip()));
        }
        throw value instanceof String ? new ProgramException(line, "invalid literal for int() with base 10: "
                + values.text(line, new ArrayList<>(List.of(value)))) : wrong(line, "int", value);
    }

    private static ProgramException wrong(int line, String name, Object value) {
        return new ProgramException(line, name + "() does not take this value of type '" + Values.type(value) + "'");
    }

    /// Sorts by insertion into the sorted part, whose place is found by bisection; stable as in Python.
    private void sort(int line, List<Object> list) throws ProgramException {
        for (int i = 1; i < list.size(); i++) {
            int low = 0;
            int high = i;
            while (low < high) {
                int middle = low + high >>> 1;
                if (values.compare(line, "<", list.get(i), list.get(middle)) < 0) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            budget.spend(line, (i - low) / 64);
            list.add(low, list.remove(i));
        }
    }

    Object method(int line, Object of, String name, List<Object> arguments) throws ProgramException {
        Object result = of instanceof String text ? new TextMethods(budget, values).call(line, text, name, arguments)
                : of instanceof ArrayList<?> ? ofList(line, of, name, arguments) : null;
        if (result == null) {
            throw new ProgramException(line, "'" + Values.type(of) + "' object has no method '" + name + "' with "
                    + arguments.size() + " arguments here");
        }
        return result;
    }

    @SuppressWarnings("unchecked")
    private Object ofList(int line, Object of, String name, List<Object> arguments) throws ProgramException {
        List<Object> list = (List<Object>) of;
        switch (name + arguments.size()) {
            case "append1":
                budget.requireLength(line, list.size() + 1L);
                list.add(arguments.getFirst());
                return Values.NONE;
            case "extend1":
                List<Object> more = values.elements(line, arguments.getFirst());
                budget.requireLength(line, (long) list.size() + more.size());
                list.addAll(more);
                return Values.NONE;
            case "insert2":
                budget.requireLength(line, list.size() + 1L);
                list.add(insertion(line, list.size(), arguments.getFirst()), arguments.get(1));
                return Values.NONE;
            case "pop0", "pop1":
                if (list.isEmpty()) {
                    throw new ProgramException(line, "pop from empty list");
                }
                return list.remove(arguments.isEmpty() ? list.size() - 1
                        : Operators.place(line, list.size(), arguments.getFirst(), "pop"));
            case "reverse0":
                budget.spend(line, list.size());
                Collections.reverse(list);
                return Values.NONE;
            case "sort0":
                sort(line, list);
                return Values.NONE;
            case "count1", "index1", "remove1":
                return find(line, name, list, arguments.getFirst());
            default:
                return null;
        }
    }

    private static int insertion(int line, int size, Object index) throws ProgramException {
        BigInteger number = Values.number(index);
        if (number == null) {
            throw new ProgramException(line, "insert() takes an integer first");
        }
        BigInteger place = number.signum() < 0 ? number.add(BigInteger.valueOf(size)) : number;
        return place.max(BigInteger.ZERO).min(BigInteger.valueOf(size)).intValue();
    }

    private Object find(int line, String name, List<Object> list, Object wanted) throws ProgramException {
        long count = 0;
        for (int i = 0; i < list.size(); i++) {
            if (values.equal(line, list.get(i), wanted)) {
                count++;
                if (name.equals("index")) {
                    return BigInteger.valueOf(i);
                }
                if (name.equals("remove")) {
                    list.remove(i);
                    return Values.NONE;
                }
            }
        }
        if (!name.equals("count")) {
            throw new ProgramException(line, values.text(line, wanted) + " is not in list");
        }
        return BigInteger.valueOf(count);
    }
}
