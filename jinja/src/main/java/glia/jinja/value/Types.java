package glia.jinja.value;

import glia.jinja.value.Iteration.Generator;
import java.math.BigInteger;

/// The names that Python gives the types of values; messages use them.
public final class Types {
    private Types() {
    }

    /// The type's name, such as `str`, `int` or `NoneType`.
    public static String name(Object value) {
        return switch (kind(value)) {
            case NONE -> "NoneType";
            case BOOL -> "bool";
            case INT -> "int";
            case FLOAT -> "float";
            case TEXT -> "str";
            case LIST -> "list";
            case TUPLE -> "tuple";
            case RANGE -> "range";
            case DICT -> "dict";
            case UNDEFINED -> "Undefined";
            case OTHER -> other(value);
        };
    }

    private static String other(Object value) {
        if (value instanceof DictValue.View view) {
            return view.typeName();
        }
        if (value instanceof Generator) {
            return "generator";
        }
        return value instanceof Attributed attributed ? attributed.typeName() : "function";
    }

    /// The kinds of values that operations distinguish.
    public enum Kind { NONE, BOOL, INT, FLOAT, TEXT, LIST, TUPLE, RANGE, DICT, UNDEFINED, OTHER }

    /// The value's kind.
    public static Kind kind(Object value) {
        if (value == null) {
            return Kind.NONE;
        }
        if (value instanceof String || value instanceof TrustedText) {
            return Kind.TEXT;
        }
        if (value instanceof Boolean) {
            return Kind.BOOL;
        }
        if (value instanceof Long || value instanceof BigInteger) {
            return Kind.INT;
        }
        if (value instanceof Double) {
            return Kind.FLOAT;
        }
        if (value instanceof DictValue) {
            return Kind.DICT;
        }
        if (value instanceof Sequence sequence) {
            return sequence.kind();
        }
        return value instanceof Undefined ? Kind.UNDEFINED : Kind.OTHER;
    }
}
