package glia.engine.catalogue;

import glia.model.cost.Part;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// A number of parameters as it was published, such as `671B`.
///
/// @param text as it was printed
/// @param value what it says
/// @param digits how many digits of it count
/// @param parts which parts of the model it counts
public record Figure(String text, BigDecimal value, int digits, Set<Part> parts) {
    public Figure {
        parts = Set.copyOf(parts);
    }

    /// Reads `671B`, `3.21B`, `7241732096`, or `230B~2` where only the first two digits count.
    ///
    /// @param parts `all`, or names of parts with `+` between them
    static Figure of(String words, String parts) {
        int tilde = words.indexOf('~');
        String text = tilde < 0 ? words : words.substring(0, tilde);
        int unit = "KMBT".indexOf(text.charAt(text.length() - 1));
        BigDecimal number = new BigDecimal(unit < 0 ? text : text.substring(0, text.length() - 1));
        Set<Part> counted = EnumSet.noneOf(Part.class);
        for (String part : parts.split("\\+")) {
            counted.addAll(part.equals("all") ? EnumSet.allOf(Part.class)
                    : Set.of(Part.valueOf(part.toUpperCase(Locale.ROOT))));
        }
        return new Figure(text, number.scaleByPowerOfTen(3 * (unit + 1)),
                tilde < 0 ? number.precision() : Integer.parseInt(words.substring(tilde + 1)), counted);
    }

    /// Whether a count is this number after rounding to its digits.
    public boolean agreesWith(long count) {
        MathContext rounding = new MathContext(digits, RoundingMode.HALF_UP);
        return BigDecimal.valueOf(count).round(rounding).compareTo(value.round(rounding)) == 0;
    }
}
