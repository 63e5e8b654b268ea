package glia.train.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.CheckpointException;
import glia.io.json.JsonTree;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class MetricsFileTest {
    private static final RunDescription RUN = SimulatedRun.description(100);

    @TempDir
    private Path folder;
    private Path file;
    private final List<String> warnings = new ArrayList<>();

    @BeforeEach
    void name() {
        file = folder.resolve("metrics.jsonl");
    }

    /// Writes each event as a string.
    private static final class Log implements TrainingListener {
        private final List<String> events = new ArrayList<>();

        @Override
        public void step(StepFigures figures) {
            events.add(figures.toString().replaceAll("parts=.*", "parts=" + MetricsFile.sorted(figures.parts())));
        }

        @Override
        public void validated(long step, double loss, boolean best) {
            events.add("validated " + step + " " + loss + " " + best);
        }

        @Override
        public void sampled(long step, Map<String, String> samples) {
            events.add("sampled " + step + " " + samples);
        }

        @Override
        public void evaluated(long step, Map<String, Double> figures) {
            events.add("evaluated " + step + " " + figures);
        }

        @Override
        public void scored(long step, List<ScoredText> texts) {
            events.add("scored " + step + " " + texts);
        }

        @Override
        public void measured(long step, Map<String, Double> values) {
            events.add("measured " + step + " " + values);
        }

        @Override
        public void warned(long step, String message) {
            events.add("warned " + step + " " + message);
        }
    }

    private void write(long from, long to) throws CheckpointException {
        try (MetricsFile metrics = from == 0 ? MetricsFile.create(file, RUN, warnings::add)
                : MetricsFile.resume(file, from, RUN, warnings::add)) {
            SimulatedRun.events(metrics, from, to);
        }
    }

    private static List<String> replayed(Path file) throws CheckpointException {
        Log log = new Log();
        MetricsReader.replay(file, log);
        return log.events;
    }

    @Test
    void eventsAreReadAsTheyWereWritten() throws Exception {
        write(0, 800);
        Log expected = new Log();
        SimulatedRun.events(expected, 0, 800);
        assertEquals(expected.events, replayed(file));
        assertEquals(List.of(), warnings);
    }

    @Test
    void eachLineIsAStrictJsonObject() throws Exception {
        try (MetricsFile metrics = MetricsFile.create(file, RUN, warnings::add)) {
            metrics.step(new StepFigures(1, Double.NaN, Double.POSITIVE_INFINITY, 1e-3, 10, 10, 0.5,
                    Map.of("loss", Double.NEGATIVE_INFINITY)));
            metrics.warned(1, "line one\nline two");
        }
        List<String> lines = Files.readAllLines(file);
        assertEquals(3, lines.size());
        JsonNode start = JsonTree.parse(lines.get(0));
        assertEquals("start", start.get("event").asString());
        assertEquals(RUN.recipe().get("note"), start.get("recipe").get("note").asString());
        JsonNode step = JsonTree.parse(lines.get(1));
        assertEquals("NaN", step.get("loss").asString());
        assertEquals("Infinity", step.get("gradient_norm").asString());
        assertEquals("-Infinity", step.get("parts").get("loss").asString());
        assertEquals(List.of("StepFigures[step=1, loss=NaN, gradientNorm=Infinity, learningRate=0.001, tokens=10, "
                + "tokensSeen=10, seconds=0.5, parts={loss=-Infinity}", "warned 1 line one\nline two"),
                replayed(file));
    }

    @Test
    void aResumedRunReplacesLaterLinesAndAnIncompleteOne() throws Exception {
        write(0, 130);
        Files.writeString(file, "{\"event\":\"step\",\"st", StandardOpenOption.APPEND);
        write(60, 200);
        Log expected = new Log();
        SimulatedRun.events(expected, 0, 200);
        assertEquals(expected.events, replayed(file));
        assertEquals(2, Files.readString(file).lines().filter(line -> line.contains("\"start\"")).count());
    }

    @Test
    void linesAfterARollbackAreKeptByTheirSteps() throws Exception {
        try (MetricsFile metrics = MetricsFile.create(file, RUN, warnings::add)) {
            SimulatedRun.events(metrics, 0, 20);
            SimulatedRun.events(metrics, 10, 15);
        }
        write(12, 13);
        List<String> events = replayed(file);
        assertEquals(12 + 2 + 1, events.size());
        assertTrue(events.getLast().contains("step=13,"));
    }

    @Test
    void linesAreWrittenAtOnce() throws Exception {
        try (MetricsFile metrics = MetricsFile.create(file, RUN, warnings::add)) {
            SimulatedRun.events(metrics, 0, 3);
            assertEquals(3, replayed(file).size());
        }
    }

    @Test
    void anExistingFileIsNotOverwritten() throws Exception {
        Files.writeString(file, "mine");
        CheckpointException e = assertThrows(CheckpointException.class, () -> write(0, 1));
        assertTrue(e.getMessage().contains("already exists"), e.getMessage());
        assertEquals("mine", Files.readString(file));
    }

    @Test
    void brokenLinesAreNamed() throws Exception {
        for (String line : new String[] {"not json", "[1]", "{}", "{\"step\":\"x\"}", "", "{\"event\":3,\"step\":1}",
                "{\"event\":\"step\",\"step\":2,\"loss\":true}",
                "{\"event\":\"samples\",\"step\":2,\"samples\":{\"a\":1}}"}) {
            Files.deleteIfExists(file);
            write(0, 2);
            String good = Files.readString(file);
            Files.writeString(file, good + line + "\n" + good.lines().toList().getLast() + "\n");
            CheckpointException e = assertThrows(CheckpointException.class, () -> replayed(file), line);
            assertTrue(e.getMessage().startsWith(file + ": line 4: "), e.getMessage());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullDiskGivesOneWarning() throws IOException {
        Path full = Path.of("/dev/full");
        try (MetricsFile metrics = new MetricsFile(full, FileChannel.open(full, StandardOpenOption.WRITE), 0,
                warnings::add)) {
            SimulatedRun.events(metrics, 0, 100);
        }
        assertEquals(1, warnings.size());
        assertTrue(warnings.getFirst().toLowerCase(Locale.ROOT).contains("no space left"),
                warnings.getFirst());
    }
}
