package glia.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.io.Config;
import glia.model.family.Families;
import glia.model.family.Family;
import glia.model.family.HandWritten;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Injected;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention;
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
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `docs/families.md` names every registered family with its class, GGUF architecture and mixers, and the blocks of the
/// golden checkpoints. `-Dglia.families=write` fills in all columns but the first three.
class FamiliesTableTest {
    private static final Path FILE = Path.of("..", "docs", "families.md");
    private static final String ROW = "\\| ([^|]+) \\| `([\\w-]+)` \\| \\[`(\\w+)`]"
            + "\\(([^)]+)\\) \\| ([^|]+) \\| ([^|]+) \\|";
    private static final String BLOCKS = "\n| block | families |\n|---|---|\n";

    private final Map<String, TreeSet<String>> families = new TreeMap<>();
    private final Map<String, TreeSet<String>> mixers = new TreeMap<>();
    private String family;

    @Test
    void theTablesAreWhatTheFamiliesAndTheirSpecsSay() throws Exception {
        Path golden = Path.of(FamiliesTableTest.class.getResource("/golden/llama/config.json").toURI()).getParent()
                .getParent();
        try (Stream<Path> folders = Stream.concat(Files.list(golden), Files.list(golden.resolve("../golden-sound")))) {
            Path others = golden.resolveSibling("golden-retrieval");
            for (Path folder : Stream.concat(folders.sorted(), Stream.of("clip", "siglip",
                    "../golden-pictures/chameleon").map(others::resolve))
                    .toList()) {
                Config config = Config.read(folder.resolve("config.json"));
                family = config.text("model_type");
                look(Families.spec(config));
            }
        }
        assertFalse(families.isEmpty());
        String found = Files.readString(FILE);
        StringBuilder expected = new StringBuilder();
        TreeSet<String> listed = new TreeSet<>();
        for (String line : found.substring(0, found.indexOf(BLOCKS)).split("\n", -1)) {
            Matcher row = Pattern.compile(ROW).matcher(line);
            if (row.matches()) {
                listed.add(row.group(2));
                line = "| " + row.group(1) + " | `" + row.group(2) + "` | " + file(row.group(2)) + " | "
                        + architectures(row.group(2)) + " | " + mixers(row.group(2)) + " |";
            }
            expected.append(line).append('\n');
        }
        expected.setLength(expected.length() - 1);
        assertEquals(List.copyOf(listed), Families.modelTypes(), "model types of the first table");
        expected.append(BLOCKS);
        families.forEach((block, names) ->
                expected.append("| ").append(block).append(" | ").append(String.join(", ", names)).append(" |\n"));
        if ("write".equals(System.getProperty("glia.families"))) {
            Files.writeString(FILE, expected);
        }
        assertEquals(Files.readString(FILE), expected.toString(), "run this test with -Dglia.families=write");
    }

    private static String file(String type) {
        String name = Families.ofModelType(type).orElseThrow().getClass().getSimpleName();
        name = name.equals("TextBackbone") ? "MultimodalFamilies" : name;
        return "[`" + name + "`](../model/src/main/java/glia/model/family/" + name + ".java)";
    }

    private static String architectures(String type) {
        Family found = Families.ofModelType(type).orElseThrow();
        return found.gguf().map(form -> form.architectures().stream()
                .map(a -> "`" + a + "`").collect(Collectors.joining(", ")))
                .orElse(found.getClass().getSimpleName().equals("TextBackbone") ? "as its text model" : "none");
    }

    private String mixers(String type) {
        if (type.equals(HandWritten.MODEL_TYPE)) {
            return "any";
        }
        List<String> types = mixers.containsKey(type) ? List.of(type)
                : Families.ofModelType(type).orElseThrow().modelTypes();
        return types.stream().filter(mixers::containsKey).findFirst().map(t -> mixers.get(t).stream()
                .map(m -> "`" + m + "`").collect(Collectors.joining(", "))).orElse("as its text model");
    }

    private void has(String block) {
        families.computeIfAbsent(block, name -> new TreeSet<>()).add(family);
    }

    private void look(ModelSpec spec) {
        switch (spec.embedding().positions()) {
            case Positions.Learned learned -> has("positions: learned");
            case Positions.Counted counted -> has("positions: learned, counted without padding");
            case Positions.Axes axes -> has("positions: learned, of rows and columns");
            case Positions.Grid grid -> has("positions: learned, sampled from a grid");
            case Positions.None _, Positions.Sinusoids _ -> { }
        }
        if (spec.embedding().factors().isPresent()) {
            has("embedding: factorized");
        }
        if (spec.embedding().numSegments() > 0) {
            has("segments");
        }
        if (spec.head().transform() instanceof Head.Transform.Dense) {
            has("head of a masked language model");
        }
        has("logits: " + word(spec.head().logits()));
        has("norm: " + norm(spec.finalNorm()));
        for (Sublayer s : spec.allSublayers()) {
            if (s.sharedWith().isPresent()) {
                has("layers that share weights");
            }
            if (!(s.after() instanceof Norm.None)) {
                has("norm after the mixer");
            }
            has("residual: " + (s.residual().equals(Residual.PLAIN) ? "plain" : word(s.residual())));
            look(s.mixer());
        }
    }

    private void look(Mixer mixer) {
        if (!(mixer instanceof Parallel || mixer instanceof Injected)) {
            mixers.computeIfAbsent(family, name -> new TreeSet<>()).add(mixer.getClass().getSimpleName());
        }
        switch (mixer) {
            case Parallel p -> {
                has("mixers in parallel");
                p.branches().forEach(branch -> look(branch.mixer()));
            }
            case Injected i -> {
                has("mixers one after another");
                look(i.source());
                look(i.mixer());
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
                    has("sparse attention with an indexer");
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
            has("norm of queries and keys: " + word(a.norm()));
        }
        if (!(a.scores() instanceof Scores.Plain)) {
            has("scores: " + word(a.scores()));
        }
        if (!(a.temperature() instanceof Temperature.Constant)) {
            has("attention temperature by position");
        }
        if (a.gating() != Attention.Gating.NONE) {
            has("gated attention output");
        }
        look(a.rope());
        look(a.span());
    }

    private void look(Span span) {
        has("attention span: " + word(span));
    }

    private void look(Rope rope) {
        switch (rope) {
            case Rope.Parts parts -> has("positions: RoPE of parts of heads");
            case Rope.Axial axial -> has("positions: RoPE on several axes");
            case Rope.None none -> has("positions: none (NoPE) in some layers");
            case Rope.Rotary r -> has(r.scaling() instanceof RopeScaling.None ? "positions: RoPE"
                    : "positions: RoPE, scaled: " + word(r.scaling()));
        }
    }

    private void experts(Experts e) {
        has("mixer: Experts");
        has("router: " + e.router().score().name().toLowerCase(java.util.Locale.ROOT)
                + ", weights " + e.router().share().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
        if (!(e.shared() instanceof Experts.Shared.None)) {
            has("shared expert: " + word(e.shared()));
        }
    }

    private static String norm(Norm norm) {
        return norm instanceof Norm.Rms rms && rms.offset() == 1 ? "rms, stored as weight - 1" : word(norm);
    }

    private static String word(Object variant) {
        return variant.getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(java.util.Locale.ROOT);
    }
}
