package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sequence.RangeValue;
import glia.jinja.value.Sequence.TupleValue;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Values of a given length, each a worst case of some operation.
final class Operands {
    private static final int MAX_BITS = 60_000;
    private static final int MAX_ELEMENTS = 100_000;
    private static final int MAX_DIGITS = 4300;
    private static final Budget UNLIMITED = new Budget(1, 1, 600).forInput();

    private Operands() {
    }

    /// Strings of about `length` characters, by a description.
    static Map<String, Object> texts(int length) {
        Map<String, Object> texts = new LinkedHashMap<>();
        texts.put("a…", repeated("a", length));
        texts.put("ß…", repeated("ß", length));
        texts.put("Σ…", repeated("Σ", length));
        texts.put("emoji", repeated("🙂", length));
        texts.put("words", repeated("ab c,\n", length));
        texts.put("digits", repeated("9", length));
        texts.put("number", repeated("9", Math.min(length, MAX_DIGITS)).substring(1));
        texts.put("escapes", repeated("<\"\n\0\u00a0", length));
        texts.put("blanks", repeated(" \t", length));
        texts.put("fields", repeated("{0}%s", length));
        texts.put("dots", repeated(".0", length));
        texts.put("brackets", repeated("{}", length));
        texts.put("trusted", TrustedText.of(repeated("Ab ", length)));
        texts.put("mixed", mixed(length));
        return texts;
    }

    private static String repeated(String part, int length) {
        return part.repeat(length / part.length() + 1);
    }

    /// Every second character is trusted.
    private static Object mixed(int length) {
        TextBuilder text = new TextBuilder();
        for (int i = 0; i < length / 2; i++) {
            text.trusted("a").append("b");
        }
        return text.value();
    }

    /// Suppliers of lists, tuples, ranges, dicts and long integers of about `length` elements or bits; of new ones at
    /// each call where they can be changed.
    static Map<String, Supplier<Object>> containers(int length) {
        ListValue numbers = list(length, i -> (long) (length - i));
        ListValue texts = list(length, i -> "k" + i % 1000 + "." + i);
        ListValue same = list(length, i -> "abc");
        ListValue pairs = list(length, i -> TupleValue.of(UNLIMITED, "k" + i, (long) i));
        ListValue dicts = list(length, i -> dict("0", (long) i));
        ListValue longTexts = list(100, i -> "x".repeat(length / 100) + i);
        DictValue dict = new DictValue(UNLIMITED);
        for (int i = 0; i < length; i++) {
            dict.put("k" + i, (long) i, UNLIMITED);
        }
        Object[] array = numbers.items().toArray();
        BigInteger big = BigInteger.ONE.shiftLeft(Math.min(MAX_BITS, length)).subtract(BigInteger.TEN);
        BigInteger decimal = BigInteger.TEN.pow(Math.min(MAX_DIGITS - 1, length)).subtract(BigInteger.TWO);
        Map<String, Supplier<Object>> containers = new LinkedHashMap<>();
        containers.put("numbers", () -> copy(numbers));
        containers.put("texts", () -> copy(texts));
        containers.put("same", () -> copy(same));
        containers.put("pairs", () -> copy(pairs));
        containers.put("dicts", () -> copy(dicts));
        containers.put("long texts", () -> copy(longTexts));
        containers.put("dict", () -> copy(dict));
        containers.put("tuple", () -> TupleValue.of(UNLIMITED, array));
        containers.put("range", () -> RangeValue.of(0, Math.min(length, RangeValue.MAX_SIZE), 1));
        containers.put("integer", () -> big);
        containers.put("decimal", () -> decimal);
        return containers;
    }

    private interface Element {
        Object at(int index);
    }

    private static ListValue list(int length, Element element) {
        ArrayList<Object> items = new ArrayList<>(length);
        for (int i = 0; i < length; i++) {
            items.add(element.at(i));
        }
        return new ListValue(items);
    }

    private static DictValue dict(String key, Object value) {
        DictValue dict = new DictValue(UNLIMITED);
        dict.put(key, value, UNLIMITED);
        return dict;
    }

    private static Object copy(Object value) {
        if (value instanceof DictValue dict) {
            DictValue copy = new DictValue(UNLIMITED);
            for (DictValue.Entry entry : dict.entries()) {
                copy.put(entry.key(), entry.value(), UNLIMITED);
            }
            return copy;
        }
        // With room for an element: the growth of a list is charged when its elements are added.
        List<Object> items = ((ListValue) value).items();
        ArrayList<Object> copy = new ArrayList<>(items.size() + items.size() / 2 + 10);
        copy.addAll(items);
        return new ListValue(copy);
    }

    /// Suppliers of all operands; of the longest ones some strings only, to save time.
    static Map<String, Supplier<Object>> all(int length) {
        Map<String, Supplier<Object>> all = new LinkedHashMap<>();
        texts(length).forEach((name, text) -> all.put(name, () -> text));
        if (length > MAX_ELEMENTS) {
            all.keySet().retainAll(List.of("ß…", "Σ…", "words", "escapes", "fields", "mixed"));
        } else {
            all.putAll(containers(length));
        }
        return all;
    }

    /// Argument lists to try with an operand; `same` has the same length.
    static List<List<Object>> arguments(Object same, int length) {
        List<Object> half = new ArrayList<>(List.of("", same));
        return List.of(List.of(), List.of(same), List.of("a"), List.of((long) length), List.of(2L, same),
                List.of("a", same), List.of(same, same), List.of("a", same, -1L), half, List.of("upper"),
                List.of("equalto", same));
    }
}
