package glia.jinja.value;

/// A format specification, the part after the colon in `{:>10.2f}`:
/// `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
record FormatSpec(int fill, char align, char sign, boolean alternate, long width, char grouping, int precision,
        char type) {
    private static final char NONE = 0;

    static FormatSpec parse(String spec) {
        return new Reader(spec).read();
    }

    private static final class Reader {
        private final String spec;
        private int at;

        Reader(String spec) {
            this.spec = spec;
        }

        FormatSpec read() {
            int fill = ' ';
            char align = NONE;
            int second = spec.isEmpty() ? 0 : Character.charCount(spec.codePointAt(0));
            if (second < spec.length() && "<>=^".indexOf(spec.charAt(second)) >= 0) {
                fill = spec.codePointAt(0);
                align = spec.charAt(second);
                at = second + 1;
            } else {
                align = one("<>=^");
            }
            char sign = one("+- ");
            boolean alternate = one("#") != NONE;
            if (one("0") != NONE && align == NONE) {
                fill = '0';
                align = '=';
            }
            long width = Math.max(0, number());
            char grouping = one(",_");
            int precision = -1;
            if (one(".") != NONE) {
                long digits = number();
                if (digits < 0) {
                    throw new JinjaError("Format specifier missing precision");
                }
                precision = (int) Math.min(digits, Integer.MAX_VALUE);
            }
            char type = one("bcdeEfFgGnosxX%");
            if (at < spec.length()) {
                throw new JinjaError("Invalid format specifier '" + spec + "'");
            }
            return new FormatSpec(fill, align, sign, alternate, width, grouping, precision, type);
        }

        private char one(String among) {
            return at < spec.length() && among.indexOf(spec.charAt(at)) >= 0 ? spec.charAt(at++) : NONE;
        }

        private long number() {
            int start = at;
            while (at < spec.length() && spec.charAt(at) >= '0' && spec.charAt(at) <= '9') {
                at++;
            }
            if (at - start > 18) {
                throw new JinjaError("Too many decimal digits in format string");
            }
            return at == start ? -1 : Long.parseLong(spec, start, at, 10);
        }
    }

    /// Formats a value as `format(value, spec)` does.
    static Object format(Object value, String spec, Budget budget) {
        if (spec.isEmpty()) {
            return Repr.text(value, budget);
        }
        return switch (Types.kind(value)) {
            case TEXT -> parse(spec).text(Repr.text(value, budget), budget);
            case BOOL, INT -> parse(spec).integer(value, budget);
            case FLOAT -> parse(spec).real((Double) value, budget);
            default -> throw new JinjaError("unsupported format string passed to " + Types.name(value)
                    + ".__format__");
        };
    }

    private Object text(Object value, Budget budget) {
        if (type != NONE && type != 's') {
            throw unknown("str");
        }
        if (sign != NONE || align == '=' && fill != '0' || grouping != NONE || alternate) {
            throw new JinjaError("Sign, '=', '#' or ',' not allowed in string format specifier");
        }
        int length = Text.length(value.toString());
        Object shown = precision >= 0 && precision < length ? Text.pick(value, 0, 1, precision, budget) : value;
        return pad("", shown, '<', budget);
    }

    private Object integer(Object value, Budget budget) {
        if ("eEfFgG%".indexOf(type) >= 0 && type != NONE) {
            return real(Numbers.real(value), budget);
        }
        if (type == 's') {
            throw unknown("int");
        }
        if (precision >= 0) {
            throw new JinjaError("Precision not allowed in integer format specifier");
        }
        var number = Numbers.big(value);
        if (type == 'c') {
            if (number.signum() < 0 || number.bitLength() > 21 || !Character.isValidCodePoint(number.intValue())) {
                throw new JinjaError("%c arg not in range(0x110000)");
            }
            return pad("", Character.toString(number.intValue()), '<', budget);
        }
        String digits = NumberFormat.integer(number, type, alternate, budget);
        if (grouping != NONE) {
            digits = NumberFormat.grouped(digits, grouping, type == NONE || type == 'd' ? 3 : 4, budget);
        }
        return pad(signOf(number.signum() < 0), TrustedText.of(digits), '>', budget);
    }

    private Object real(double value, Budget budget) {
        if (type != NONE && "eEfFgGn%".indexOf(type) < 0) {
            throw unknown("float");
        }
        String digits;
        if (type == NONE) {
            digits = precision < 0 ? Repr.real(Math.abs(value)) : plain(value, budget);
        } else {
            digits = NumberFormat.real(value, type == 'n' ? 'g' : type, precision, alternate, budget);
        }
        if (grouping != NONE) {
            digits = NumberFormat.grouped(digits, grouping, 3, budget);
        }
        return pad(signOf(value < 0 || value == 0 && 1 / value < 0), TrustedText.of(digits), '>', budget);
    }

    /// Without a type the form is general, with at least one digit after the point.
    private String plain(double value, Budget budget) {
        String digits = NumberFormat.real(value, 'g', precision, false, budget);
        return digits.chars().allMatch(Character::isDigit) && digits.length() < Math.max(1, precision)
                ? digits + ".0" : digits;
    }

    private String signOf(boolean negative) {
        return negative ? "-" : sign == '+' || sign == ' ' ? String.valueOf(sign) : "";
    }

    private Object pad(String signText, Object shown, char otherwise, Budget budget) {
        budget.bytes(256);
        long missing = Math.max(0, width - Text.length(shown.toString()) - signText.length());
        char where = align == NONE ? otherwise : align;
        if (where == '=' && otherwise == '<') {
            where = '<';
        }
        long left = switch (where) {
            case '<' -> 0;
            case '^' -> missing / 2;
            default -> missing;
        };
        String filler = Character.toString(fill);
        String before = Operators.repeat(filler, left, budget);
        String after = Operators.repeat(filler, missing - left, budget);
        // Blanks and zeros cannot form a marker, so they are trusted.
        boolean pads = fill == ' ' || fill == '0';
        TextBuilder out = new TextBuilder(budget);
        if (where == '=') {
            return add(out.trusted(signText), before, pads).append(shown).value();
        }
        return add(add(out, before, pads).trusted(signText).append(shown), after, pads).value();
    }

    private static TextBuilder add(TextBuilder out, String filler, boolean trusted) {
        return trusted ? out.trusted(filler) : out.append(filler);
    }

    private JinjaError unknown(String typeName) {
        return new JinjaError("Unknown format code '" + type + "' for object of type '" + typeName + "'");
    }
}
