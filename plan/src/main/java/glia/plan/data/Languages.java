package glia.plan.data;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// The languages that publishers name for their models, as ISO 639-1 codes.
public final class Languages {
    private static final String ALL = "*";
    private static final List<Row> ROWS = Tables.resource(Languages.class, "languages.csv", "prefix", "languages",
            "source");

    private Languages() { }

    /// What a publisher says.
    ///
    /// @param codes the languages; `*` if many are claimed without a list
    /// @param source where it stands
    public record Spoken(Set<String> codes, String source) {
        public Spoken {
            codes = Set.copyOf(codes);
        }

        /// Whether a language is named, or many are claimed without a list.
        public boolean has(String code) {
            return codes.contains(code) || codes.contains(ALL);
        }
    }

    /// The languages of a model of the catalogue, if they are known.
    public static Optional<Spoken> of(String id) {
        return ROWS.stream().filter(row -> id.startsWith(row.text("prefix")))
                .max(Comparator.comparingInt(row -> row.text("prefix").length()))
                .map(row -> new Spoken(Set.of(row.text("languages").split(" ")), row.text("source")));
    }

    /// @throws IllegalArgumentException if there is no such language
    public static void require(String code) {
        if (!Set.of(Locale.getISOLanguages()).contains(code)) {
            throw new IllegalArgumentException("found the language '" + code + "', expected a code of ISO 639-1, such "
                    + "as de");
        }
    }
}
