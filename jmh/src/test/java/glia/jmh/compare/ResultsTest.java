package glia.jmh.compare;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
    private static final Map<String, Object> RUN = Task.settings("architecture", "gru", "seed", 1, "rate", 0.003);

    @TempDir
    private Path folder;

    @Test
    void resultsAreFoundBySettingsAfterARestart() throws IOException {
        Path file = folder.resolve("a.jsonl");
        Results.open(file).add(RUN, Task.settings("loss", 1.5, "curve", List.of(2.0, 1.5), "parameters", 100L));
        Results.open(file).add(Task.settings("architecture", "gru", "seed", 2, "rate", 0.003), Map.of("loss", 2.5));
        Results results = Results.open(file);
        assertEquals(1.5, Results.number(results.find(RUN).orElseThrow(), "loss"));
        assertArrayEquals(new double[] {2, 1.5}, Results.numbers(results.find(RUN).orElseThrow(), "curve"));
        List<Map<String, Object>> both = results.all(Task.settings("architecture", "gru", "rate", 0.003));
        assertEquals(2, Results.mean(both, "loss"));
        assertEquals("2.00 ± 0.50", Tables.cell(both, "loss", "%.2f"));
        assertTrue(results.find(Task.settings("architecture", "gru", "seed", 3)).isEmpty());
        assertEquals(2, Files.readAllLines(file).size());
    }

    @Test
    void aLineThatWasNotWrittenToItsEndIsRemoved() throws IOException {
        Path file = folder.resolve("a.jsonl");
        Results.open(file).add(RUN, Map.of("loss", 1.5));
        String whole = Files.readString(file);
        for (int length = 1; length < whole.length(); length++) {
            Files.writeString(file, whole + whole.replace("gru", "lstm").substring(0, length));
            Results results = Results.open(file);
            assertEquals(1, results.all(Map.of()).size());
            assertEquals(whole, Files.readString(file));
        }
    }

    @Test
    void aBrokenLineIsAnErrorWithItsNumber() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"loss\": 1}\n{\"loss\": \n");
        String message = assertThrows(IOException.class, () -> Results.open(file)).getMessage();
        assertTrue(message.contains("a.jsonl: line 2"), message);
    }

    @Test
    void theRateWithTheLowestLossIsChosen() throws IOException {
        Results results = Results.open(folder.resolve("a.jsonl"));
        Map<String, Object> settings = Task.settings("architecture", "gru");
        double[] losses = {2.5, 2.25};
        for (int i = 0; i < RateSweep.RATES.size(); i++) {
            assertEquals(OptionalDouble.empty(), RateSweep.best(results, settings));
            // The last run failed.
            results.add(Task.settings("architecture", "gru", "rate", RateSweep.RATES.get(i)),
                    i < losses.length ? Map.of("loss", losses[i]) : Map.of("error", "not finite"));
        }
        assertEquals(OptionalDouble.of(RateSweep.RATES.get(1)), RateSweep.best(results, settings));
    }
}
