package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree;
import glia.train.report.ReportData.FigureName;
import glia.train.run.TrainingListener.StepFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class HtmlReportTest {
    private static final Pattern DATA =
            Pattern.compile("<script id=\"data\" type=\"application/json\">(.*?)</script>", Pattern.DOTALL);

    @TempDir
    private Path folder;
    private final List<String> warnings = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong();

    private Path file() {
        return folder.resolve("report.html");
    }

    private HtmlReport report(long steps) {
        return new HtmlReport(file(), SimulatedRun.description(steps), warnings::add, nanos::get);
    }

    private JsonNode data() throws IOException {
        Matcher matcher = DATA.matcher(Files.readString(file()));
        assertTrue(matcher.find());
        return JsonTree.parse(matcher.group(1));
    }

    private Map<String, JsonNode> sections() throws IOException {
        Map<String, JsonNode> sections = new LinkedHashMap<>();
        data().get("sections").forEach(s -> sections.put(s.get("title").asString()
                + (s.has("heatmap") ? " " + s.get("heatmap").get("name").asString() : ""), s));
        return sections;
    }

    @Test
    void theSectionsHoldWhatTheRunReported() throws Exception {
        try (HtmlReport report = report(1500)) {
            SimulatedRun.events(report, 0, 1500);
        }
        Map<String, JsonNode> sections = sections();
        assertEquals(List.of("Loss", "Learning rate", "Gradient norm", "Speed", "Accuracy", "Experts",
                "Parts of the loss", "Expert load experts/load", "Weight norms weight_norm",
                "Gradient norms gradient_norm", "Weight norms weight_norm/per_layer",
                "Gradient norms gradient_norm/per_layer", "Samples", "Rollouts", "Warnings", "Recipe", "Environment"),
                List.copyOf(sections.keySet()));
        JsonNode loads = sections.get("Expert load experts/load").get("heatmap");
        assertEquals(24, loads.get("rows").size());
        assertEquals("layer0 · 0", loads.get("rows").get(0).asString());
        assertEquals(7, sections.get("Samples").get("samples").size());
        JsonNode rollout = sections.get("Rollouts").get("samples").get(2).get("texts").get(0);
        assertEquals("reward 1", rollout.get("title").asString());
        assertEquals("</p>", rollout.get("tokens").get(1).asString());
        assertEquals(3, rollout.get("values").get(0).asDouble());
        assertTrue(rollout.get("values").get(1).isNull());
        assertEquals(13, sections.get("Weight norms weight_norm/per_layer").get("heatmap").get("rows").size());
        JsonNode validation = sections.get("Loss").get("curves").get(1);
        assertEquals("validation", validation.get("name").asString());
        assertEquals(30, validation.get("x").size());
        assertEquals("finished", data().get("state").asString());
        assertEquals(1500, data().get("step").asLong());
        assertEquals(List.of(), warnings);
    }

    /// Of reinforcement learning, reward and accuracy come before the loss.
    @Test
    void rewardsComeFirst() throws Exception {
        RunDescription run = new RunDescription("r", 1, Map.of("task", "rl"), Map.of());
        try (HtmlReport report = new HtmlReport(file(), run, warnings::add, nanos::get)) {
            report.step(new StepFigures(1, 0, 1, 0.1, 5, 5, 1, Map.of("clip/low", 0.0, "reward/mean", 0.5,
                    "accuracy/held_out", 0.5)));
        }
        assertEquals(List.of("Reward", "Accuracy", "Loss"), List.copyOf(sections().keySet()).subList(0, 3));
    }

    @Test
    void rowsAreSortedByLayer() throws Exception {
        try (HtmlReport report = report(1)) {
            report.measured(1, Map.of("weight_norm/UP of sublayer 10", 1.0,
                    "weight_norm/UP of expert 20 of layer 9", 2.0, "weight_norm/HEAD", 3.0));
        }
        JsonNode heatmap = sections().get("Weight norms weight_norm").get("heatmap");
        assertEquals("[\"HEAD\",\"UP of expert 20 of layer 9\",\"UP of sublayer 10\"]",
                heatmap.get("rows").toString());
        assertEquals("[[3.0],[2.0],[1.0]]", heatmap.get("values").toString());
    }

    @Test
    void aLayersNormIsTheRootOfTheSumOfSquares() throws Exception {
        try (HtmlReport report = report(1)) {
            report.measured(1, Map.of("weight_norm/layers.0.a", 3.0, "weight_norm/layers.0.b", 4.0));
        }
        assertEquals("[[5.0]]", sections().get("Weight norms weight_norm/per_layer").get("heatmap").get("values")
                .toString());
    }

    @Test
    void dataCannotLeaveItsElement() throws Exception {
        try (HtmlReport report = report(200)) {
            SimulatedRun.events(report, 0, 200);
            report.warned(200, "<img src=x onerror=alert(1)> </script><!-- ]]>");
            report.sampled(200, Map.of("/*DATA*/ TITLE", "/*STYLE*/ $1 \\ \ud800"));
        }
        String html = Files.readString(file());
        assertEquals(2, html.split("</script>", -1).length - 1);
        assertFalse(html.contains("<img"));
        assertFalse(html.contains("<!--"));
        assertTrue(html.contains("<title>Simulated &lt;run&gt; &amp; \"test\"</title>"));
        assertEquals("/*DATA*/ TITLE", sections().get("Samples").get("samples").get(0).get("texts").get(0).get(0)
                .asString());
    }

    @Test
    void nothingIsLoadedFromAnyHost() throws Exception {
        try (HtmlReport report = report(10)) {
            SimulatedRun.events(report, 0, 10);
        }
        String html = Files.readString(file()).replace("http://www.w3.org/2000/svg", "");
        assertFalse(html.contains("http://") || html.contains("https://") || html.contains("@import"));
        assertTrue(html.contains("default-src 'none'"));
    }

    @Test
    void theFileIsReplacedEveryFewSeconds() throws Exception {
        try (HtmlReport report = report(100)) {
            SimulatedRun.events(report, 0, 1);
            assertEquals(1, data().get("step").asLong());
            SimulatedRun.events(report, 1, 5);
            assertEquals(1, data().get("step").asLong());
            nanos.addAndGet(6_000_000_000L);
            SimulatedRun.events(report, 5, 6);
            assertEquals(6, data().get("step").asLong());
            assertEquals("running", data().get("state").asString());
        }
        assertEquals("stopped", data().get("state").asString());
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void theSizeDoesNotGrowWithTheRun() throws Exception {
        long half;
        try (HtmlReport report = report(16_000)) {
            SimulatedRun.events(report, 0, 8_000);
            nanos.addAndGet(100_000_000_000L);
            SimulatedRun.events(report, 8_000, 8_001);
            half = Files.size(file());
            SimulatedRun.events(report, 8_001, 16_000);
        }
        assertTrue(Files.size(file()) < 1.25 * half, half + " and then " + Files.size(file()) + " bytes");
        assertTrue(Files.size(file()) < 1_500_000, Files.size(file()) + " bytes");
    }

    @Test
    void aResumedRunShowsTheStepsBefore() throws Exception {
        Path metrics = folder.resolve("metrics.jsonl");
        try (MetricsFile file = MetricsFile.create(metrics, SimulatedRun.description(300), warnings::add)) {
            SimulatedRun.events(file, 0, 150);
        }
        try (HtmlReport report = report(300).replay(metrics)) {
            assertFalse(Files.exists(file()));
            SimulatedRun.events(report, 150, 300);
        }
        JsonNode resumed = data();
        try (HtmlReport report = report(300)) {
            SimulatedRun.events(report, 0, 300);
        }
        assertEquals(data().get("sections"), resumed.get("sections"));
    }

    @Test
    void aFolderThatIsGoneGivesOneWarning() {
        try (HtmlReport report = new HtmlReport(folder.resolve("gone/report.html"), SimulatedRun.description(9),
                warnings::add, nanos::get)) {
            report.step(new StepFigures(1, 1, 1, 1, 1, 1, 1, Map.of()));
            nanos.addAndGet(60_000_000_000L);
            report.step(new StepFigures(2, 1, 1, 1, 1, 1, 1, Map.of()));
        }
        assertEquals(1, warnings.size());
    }

    @Test
    void namesDecideWhatIsACurve() {
        assertEquals(new FigureName("experts", "experts/load", "layer3"), FigureName.of("experts/layer3/load"));
        assertEquals(new FigureName("experts", "experts/load", "3 · 12"), FigureName.of("experts/3/load/12"));
        assertEquals(new FigureName("experts", "", "experts/load_max"), FigureName.of("experts/load_max"));
        assertEquals(new FigureName("top5", "", "top5/accuracy"), FigureName.of("top5/accuracy"));
        assertEquals(new FigureName("reward", "", "reward/mean"), FigureName.of("reward/mean"));
        assertEquals("layer 3 attention", ReportData.layer("QUERY of layer 3 attention"));
        assertEquals("layer 12 gated delta", ReportData.layer("UP of expert 7 of layer 12 gated delta"));
        assertEquals("sublayer 3", ReportData.layer("UP of expert 7 of sublayer 3"));
        assertEquals("layers.12", ReportData.layer("model.layers.12.experts.7.up"));
        assertEquals("EMBEDDING", ReportData.layer("EMBEDDING"));
    }
}
