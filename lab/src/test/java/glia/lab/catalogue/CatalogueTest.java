package glia.lab.catalogue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.lab.catalogue.CatalogueEntry.Disclosed;
import glia.lab.catalogue.CatalogueEntry.Undisclosed;
import glia.model.cost.ParameterCount;
import glia.model.cost.TokenCost;
import glia.model.spec.ModelSpec;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// What is computed from published configs against what was published of the models.
class CatalogueTest {
    private static final Catalogue CATALOGUE = Catalogue.load();

    static Stream<Disclosed> disclosed() {
        return CATALOGUE.entries().stream().flatMap(e -> e instanceof Disclosed d ? Stream.of(d) : Stream.empty());
    }

    @ParameterizedTest
    @MethodSource("disclosed")
    void parametersAreThosePublished(Disclosed d) throws CheckpointException {
        ModelSpec spec = d.spec();
        long count = d.total().count(spec);
        assertTrue(d.total().agreesWith(count), count + " is not " + d.total().text());
        assertEquals(d.active().isPresent(), ParameterCount.of(spec).unused() > 0, "figures of what is active");
        d.active().ifPresent(figure -> {
            long active = figure.countActive(spec);
            assertTrue(figure.agreesWith(active), active + " active is not " + figure.text());
        });
        assertFalse(d.saidIn().isBlank());
        assertFalse(d.configFrom().isBlank());
    }

    /// Two operations for each weight, and for each number of each head's query and weighted values at each position.
    @Test
    void operationsOfDenseAndSparseModels() throws CheckpointException {
        long attention = 4096L * 4096 * 2 + 4096 * 1024 * 2;
        long head = 128_256L * 4096;
        assertEquals(2 * (32 * (attention + 3L * 4096 * 14_336) + head) + 32 * 4 * 32 * 128L * 1001,
                TokenCost.operations(spec("llama-3.1-8b"), 1000));
        assertEquals(2 * (32 * (attention + 2 * 3L * 4096 * 14_336 + 8 * 4096) + 32_000L * 4096)
                        + 32 * 4 * 32 * 128L, TokenCost.operations(spec("mixtral-8x7b"), 0));
        long sliding = 4L * 32 * 128;
        assertEquals(TokenCost.operations(spec("gemma-3-27b"), 4095) + 10 * sliding * 4096,
                TokenCost.operations(spec("gemma-3-27b"), 8191));
        long mamba = 2L * (768 * 3072 + 1536 * 4 + 1536 * (48 + 32) + 48 * 1536 + 1536 * 768) + 6L * 1536 * 16;
        assertEquals(24 * mamba + 2L * 50_280 * 768, TokenCost.operations(spec("mamba-130m"), 100_000));
    }

    private static ModelSpec spec(String id) throws CheckpointException {
        return ((Disclosed) CATALOGUE.find(id).getFirst()).spec();
    }

    @Test
    void namesAreUniqueAndSeriesStandTogether() {
        List<String> ids = CATALOGUE.entries().stream().map(CatalogueEntry::id).toList();
        assertEquals(ids.size(), new HashSet<>(ids).size());
        List<String> series = CATALOGUE.entries().stream().map(CatalogueEntry::series).toList();
        long changes = IntStream.range(1, series.size())
                .filter(i -> !series.get(i).equals(series.get(i - 1))).count();
        assertEquals(new HashSet<>(series).size(), changes + 1);
        assertTrue(CATALOGUE.entries().stream().anyMatch(e -> e instanceof Undisclosed));
    }

    @Test
    void findsByIdNameAndBeginning() {
        assertEquals(List.of("gpt2"), ids("GPT2"));
        assertEquals(List.of("llama-3.1-8b"), ids("Llama 3.1 8B"));
        assertEquals(List.of("llama-3.1-405b"), ids("llama-3.1-4"));
        assertEquals(List.of("llama-3.2-1b", "llama-3.2-3b"), ids("llama-3.2"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> CATALOGUE.find("mitsral")).getMessage()
                .contains("Did you mean mistral"));
    }

    private static List<String> ids(String words) {
        return CATALOGUE.find(words).stream().map(CatalogueEntry::id).toList();
    }

    @ParameterizedTest
    @CsvSource({
        "671B, 671026419200, true", "671B, 671500000000, false", "3.21B, 3212749824, true", "1T, 1026470731056, true",
        "400B, 400710000000, false", "400B~2, 400710000000, true", "230B~2, 228689748992, true",
        "124439808, 124439808, true", "124439808, 124439809, false", "99M, 99600000, false", "110M~2, 109514298, true"})
    void figuresAreRoundedToTheirDigits(String figure, long count, boolean agrees) {
        assertEquals(agrees, Figure.of(figure, "all").agreesWith(count));
    }
}
