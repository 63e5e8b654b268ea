package glia.lab.eval;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// What is ignored when an answer is compared.
public enum Normalization {
    /// White space at both ends.
    STRIP {
        @Override
        String apply(String text) {
            return text.strip();
        }
    },
    /// Upper and lower case.
    CASE {
        @Override
        String apply(String text) {
            return text.toLowerCase(Locale.ROOT);
        }
    },
    /// Punctuation.
    PUNCTUATION {
        @Override
        String apply(String text) {
            return PUNCTUATION_MARKS.matcher(text).replaceAll("");
        }
    },
    /// How a number is written: a text that is a number, with or without a currency sign, commas between thousands, a
    /// percent sign or a full stop at its end, becomes its plain decimal form, as in `1,200.50` and `1200.5`.
    NUMBERS {
        @Override
        String apply(String text) {
            if (!NUMBER.matcher(text.strip()).matches()) {
                return text;
            }
            BigDecimal number = new BigDecimal(text.strip().replaceAll("[$€£,%]|\\.$", ""));
            return (number.signum() == 0 ? BigDecimal.ZERO : number.stripTrailingZeros()).toPlainString();
        }
    };

    private static final Pattern PUNCTUATION_MARKS = Pattern.compile("\\p{Punct}|\\p{IsPunctuation}");
    private static final Pattern NUMBER =
            Pattern.compile("[-+]?[$€£]?(\\d{1,3}(,\\d{3}){1,10}|\\d{1,40})(\\.\\d{1,40})?%?\\.?");

    abstract String apply(String text);

    /// The text after all of these normalizations.
    public static String all(List<Normalization> rules, String text) {
        String result = text;
        for (Normalization rule : rules) {
            result = rule.apply(result);
        }
        return result;
    }
}
