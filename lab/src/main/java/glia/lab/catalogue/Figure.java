package glia.lab.catalogue;

import glia.model.cost.MtpLayer;
import glia.model.cost.ParameterCount;
import glia.model.cost.Part;
import glia.model.spec.ModelSpec;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// A published number of parameters, such as `671B`.
///
/// @param text as published
/// @param value the number
/// @param unit the unit of its last significant digit
/// @param parts the parts of the model that are counted
/// @param beyond further weights that are counted
public record Figure(String text, BigDecimal value, BigDecimal unit, Set<Part> parts, Set<Beyond> beyond) {
    /// Weights in the files of some models that are not part of the main model.
    public enum Beyond {
        /// The multi-token-prediction layer.
        EXTRA,
        /// Copies of the embedding and the head for that layer.
        COPIES
    }

    public Figure {
        parts = Set.copyOf(parts);
        beyond = Set.copyOf(beyond);
    }

    /// Reads `671B`, `3.21B`, `7241732096`, or `230B~2` where only the first two digits are significant.
    ///
    /// @param counted `all`, or names of parts and further weights, separated by `+`
    static Figure of(String words, String counted) {
        int tilde = words.indexOf('~');
        String text = tilde < 0 ? words : words.substring(0, tilde);
        int unit = "KMBT".indexOf(text.charAt(text.length() - 1));
        BigDecimal number = new BigDecimal(unit < 0 ? text : text.substring(0, text.length() - 1));
        int uncounted = tilde < 0 ? 0 : number.precision() - Integer.parseInt(words.substring(tilde + 1));
        Set<Part> parts = EnumSet.noneOf(Part.class);
        Set<Beyond> beyond = EnumSet.noneOf(Beyond.class);
        for (String word : counted.toUpperCase(Locale.ROOT).split("\\+")) {
            switch (word) {
                case "ALL" -> parts.addAll(EnumSet.allOf(Part.class));
                case "EXTRA", "COPIES" -> beyond.add(Beyond.valueOf(word));
                default -> parts.add(Part.valueOf(word));
            }
        }
        BigDecimal value = number.scaleByPowerOfTen(3 * (unit + 1));
        return new Figure(text, value, value.ulp().scaleByPowerOfTen(uncounted), parts, beyond);
    }

    /// The corresponding number of parameters of a spec.
    public long count(ModelSpec spec) {
        return ParameterCount.of(spec).of(parts) + (beyond.contains(Beyond.EXTRA) ? MtpLayer.parameters(spec) : 0)
                + (beyond.contains(Beyond.COPIES) ? MtpLayer.copies(spec) : 0);
    }

    /// The corresponding number of active parameters.
    public long countActive(ModelSpec spec) {
        return ParameterCount.of(spec).activeOf(parts) + (beyond.contains(Beyond.EXTRA) ? MtpLayer.active(spec) : 0);
    }

    /// Whether a count equals this number after rounding to its last significant digit.
    public boolean agreesWith(long count) {
        return rounded(BigDecimal.valueOf(count)).equals(rounded(value));
    }

    private BigInteger rounded(BigDecimal number) {
        return number.divide(unit, 0, RoundingMode.HALF_UP).toBigInteger();
    }
}
