package glia.lab.catalogue;

import glia.io.Suggestions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// Published models: their configs, from which all figures are computed, and their published parameter counts, with
/// which a test compares them. No weights.
public final class Catalogue {
    private final List<CatalogueEntry> entries;

    private Catalogue(List<CatalogueEntry> entries) {
        this.entries = List.copyOf(entries);
    }

    /// The catalogue that comes with Glia.
    public static Catalogue load() {
        List<CatalogueEntry> entries = new ArrayList<>();
        rows("models.tsv").forEach(row -> entries.add(new CatalogueEntry.Disclosed(row[0], row[1], row[2], row[3],
                Figure.of(row[4], row[5]), row[6].isEmpty() ? Optional.empty()
                : Optional.of(Figure.of(row[6], row[7])), row[8], row[9])));
        rows("undisclosed.tsv").forEach(row ->
                entries.add(new CatalogueEntry.Undisclosed(row[0], row[1], row[2], row[3])));
        return new Catalogue(entries);
    }

    /// All models, grouped by series.
    public List<CatalogueEntry> entries() {
        return entries;
    }

    /// The model with this id or name, or else all whose id has this prefix, ignoring case.
    ///
    /// @throws IllegalArgumentException if there is none
    public List<CatalogueEntry> find(String words) {
        String sought = words.toLowerCase(Locale.ROOT);
        Optional<CatalogueEntry> exact = entries.stream()
                .filter(e -> e.id().equals(sought) || e.name().toLowerCase(Locale.ROOT).equals(sought)).findFirst();
        if (exact.isPresent()) {
            return List.of(exact.get());
        }
        List<CatalogueEntry> begin = entries.stream().filter(e -> e.id().startsWith(sought)).toList();
        if (begin.isEmpty()) {
            throw new IllegalArgumentException("the catalogue has no '" + words + "'." + Suggestions.sentence(words,
                    entries.stream().flatMap(e -> Stream.of(e.id(), e.id().replaceFirst("-.*", ""))).distinct()
                            .toList()));
        }
        return begin;
    }

    private static Stream<String[]> rows(String table) {
        return text(table).lines().skip(1).map(line -> line.split("\t", -1));
    }

    static String text(String resource) {
        try (InputStream in = Catalogue.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the catalogue lacks its file " + resource);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
