package glia.reason.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.train.recipe.RunFolder;
import glia.train.report.MetricsReader;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Reinforcement learning in a process that is killed: it goes on with the same rewards bit by bit.
class KilledRunTest {
    @TempDir
    private Path folder;

    @Test
    void killedOnceItGoesOnWithTheSameRewards() throws Exception {
        kill(1, 8);
    }

    @Tag("slow")
    @Test
    void killedTenTimesItGoesOnWithTheSameRewards() throws Exception {
        kill(10, 60);
    }

    private void kill(int kills, int steps) throws Exception {
        Map<Long, String> whole = new TreeMap<>();
        ResumableRollouts.run(folder.resolve("whole"), steps, whole::put);
        assertEquals(steps, whole.size());
        Map<Long, String> killed = new TreeMap<>();
        Random random = new Random(kills);
        Path run = folder.resolve("killed");
        for (int i = 0; i <= kills; i++) {
            int lines = i == kills ? Integer.MAX_VALUE : 1 + random.nextInt(Math.max(1, 2 * steps / (kills + 1) - 2));
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
                    "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path"),
                    ResumableRollouts.class.getName(), run.toString(), Integer.toString(steps))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            try (BufferedReader out = process.inputReader()) {
                String line = null;
                while (lines-- > 0 && (line = out.readLine()) != null) {
                    int space = line.indexOf(' ');
                    killed.put(Long.parseLong(line.substring(0, space)), line.substring(space + 1));
                }
                // Anywhere in a step or in the writing of its checkpoint.
                if (line != null) {
                    Thread.sleep(random.nextInt(20), random.nextInt(999_999));
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
        assertEquals(whole, killed);
        assertEquals(List.copyOf(whole.values()), recorded(run), "metrics.jsonl has each step once");
    }

    private static List<String> recorded(Path run) throws Exception {
        List<String> steps = new ArrayList<>();
        MetricsReader.replay(new RunFolder(run).metrics(), new TrainingListener() {
            @Override
            public void step(StepFigures figures) {
                steps.add(ResumableRollouts.text(figures));
            }
        });
        return steps;
    }
}
