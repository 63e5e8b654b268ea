package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
import glia.model.spec.NormedExperts;
import glia.model.spec.Parallel;
import glia.model.spec.Positions;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.model.spec.Temperature;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `docs/families.md`, blocks by families, is what the specs of the test's checkpoints say. `-Dglia.families=write`
/// writes it anew.
class FamiliesTableTest {
    private static final Path FILE = Path.of("..", "docs", "families.md");
    private static final String HEAD = """
            # Blocks and families

            Which family is made of which blocks, as the specs of the checkpoints in the tests say it. A family is a \
            file in `glia.model.family`, a mixer a record in `glia.model.spec` and a block in `glia.model.block`.

            | block | families |
            |---|---|
            """;

    private final Map<String, TreeSet<String>> families = new TreeMap<>();
    private String family;

    @Test
    void theTableIsWhatTheSpecsSay() throws Exception {
        Path golden = Path.of(FamiliesTableTest.class.getResource("/golden/llama/config.json").toURI()).getParent()
                .getParent();
        try (Stream<Path> folders = Files.list(golden)) {
            for (Path folder : folders.sorted().toList()) {
                Config config = Config.read(folder.resolve("config.json"));
                family = config.text("model_type");
                look(Families.ofModelType(family).orElseThrow().spec(config));
            }
        }
        assertFalse(families.isEmpty());
        StringBuilder table = new StringBuilder(HEAD);
        families.forEach((block, names) ->
                table.append("| ").append(block).append(" | ").append(String.join(", ", names)).append(" |\n"));
        if ("write".equals(System.getProperty("glia.families"))) {
            Files.writeString(FILE, table);
        }
        assertEquals(Files.readString(FILE), table.toString(), "run this test with -Dglia.families=write");
    }

    private void has(String block) {
        families.computeIfAbsent(block, name -> new TreeSet<>()).add(family);
    }

    private void look(ModelSpec spec) {
        if (spec.embedding().positions() instanceof Positions.Learned) {
            has("positions: learned");
        }
        if (spec.embedding().numSegments() > 0) {
            has("segments");
        }
        if (spec.head().transform() instanceof Head.Transform.Dense) {
            has("head of masked language models");
        }
        has("logits: " + word(spec.head().logits()));
        has("norm: " + norm(spec.finalNorm()));
        for (Sublayer s : spec.allSublayers()) {
            if (!(s.after() instanceof Norm.None)) {
                has("norm after the mixer");
            }
            has("residual: " + (s.residual().equals(Residual.PLAIN) ? "added" : word(s.residual())));
            look(s.mixer());
        }
    }

    private void look(Mixer mixer) {
        switch (mixer) {
            case Parallel p -> {
                has("mixers in parallel");
                p.branches().forEach(branch -> look(branch.mixer()));
            }
            case Attention a -> attention(a);
            case NormedAttention a -> {
                has("mixer: NormedAttention");
                look(a.rope());
                look(a.span());
            }
            case LatentAttention a -> {
                has("mixer: LatentAttention");
                if (!(a.keys() instanceof KeyChoice.All)) {
                    has("keys chosen by an indexer");
                }
            }
            case Experts e -> experts(e);
            case NormedExperts e -> {
                has("mixer: NormedExperts");
                experts(e.experts());
            }
            default -> has("mixer: " + mixer.getClass().getSimpleName());
        }
    }

    private void attention(Attention a) {
        has("mixer: Attention, " + (a.numKeyValueHeads() == a.numHeads() ? "multi-head" : "grouped-query"));
        if (!(a.norm() instanceof QkNorm.None)) {
            has("queries and keys: " + word(a.norm()));
        }
        if (!(a.scores() instanceof Scores.Plain)) {
            has("scores: " + word(a.scores()));
        }
        if (!(a.temperature() instanceof Temperature.Constant)) {
            has("temperature that grows with the position");
        }
        if (a.gating() != Attention.Gating.NONE) {
            has("attention with a gate");
        }
        look(a.rope());
        look(a.span());
    }

    private void look(Span span) {
        has("sees: " + word(span));
    }

    private void look(Rope rope) {
        switch (rope) {
            case Rope.None none -> has("positions: none in some layer's attention");
            case Rope.Rotary r -> has(r.scaling() instanceof RopeScaling.None ? "positions: rotary"
                    : "positions: rotary, scaled by " + word(r.scaling()));
        }
    }

    private void experts(Experts e) {
        has("mixer: Experts");
        has("router: " + e.router().score().name().toLowerCase(java.util.Locale.ROOT)
                + ", shares " + e.router().share().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
        if (!(e.shared() instanceof Experts.Shared.None)) {
            has("shared expert: " + word(e.shared()));
        }
    }

    private static String norm(Norm norm) {
        return norm instanceof Norm.Rms rms && rms.offset() == 1 ? "rms, weights from 1" : word(norm);
    }

    private static String word(Object variant) {
        return variant.getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(java.util.Locale.ROOT);
    }
}
