package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Files and texts that are meant to do harm, in a process of their own: it must not die or hang, and whatever it
/// cannot use it must be refused with an exception that names the reason.
class TokenizerFuzzTest {
    private static final long MAX_SECONDS = 60;
    private static final long MAX_MIB = 3072;

    @TempDir
    Path folder;

    /// What a child printed that should not be.
    private final List<String> failures = new ArrayList<>();
    private int loaded;

    private void run(String what, long seed, int numCases) throws Exception {
        int from = 0;
        while (from < numCases) {
            int last = runChild(what, seed, from, numCases);
            if (last >= numCases) {
                break;
            }
            failures.add(what + ", seed " + seed + ", case " + last
                    + ": the process ended or took more than " + MAX_SECONDS + " s");
            from = last + 1;
        }
        assertEquals(List.of(), failures);
        assertTrue(loaded > numCases / 20, "only " + loaded + " files could be used");
    }

    /// @return the case at which the process ended
    private int runChild(String what, long seed, int from, int to) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx768m", "--enable-native-access=ALL-UNNAMED", "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + folder.resolve("hs_err.log"), "-cp", System.getProperty("java.class.path"),
                FuzzChild.class.getName(), what, folder.toString(), Long.toString(seed), Integer.toString(from),
                Integer.toString(to)).redirectErrorStream(true).start();
        int at = from;
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
                BufferedReader lines = process.inputReader()) {
            ScheduledFuture<?> alarm = clock.schedule(process::destroyForcibly, MAX_SECONDS, TimeUnit.SECONDS);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(FuzzChild.CASE)) {
                    at = Integer.parseInt(line.substring(FuzzChild.CASE.length()));
                    alarm.cancel(false);
                    alarm = clock.schedule(process::destroyForcibly, MAX_SECONDS, TimeUnit.SECONDS);
                } else if (line.startsWith(FuzzChild.WRONG)) {
                    failures.add(what + ", seed " + seed + ", case " + at + ": " + line);
                } else if (line.startsWith(FuzzChild.MEMORY)) {
                    long mib = Long.parseLong(line.substring(FuzzChild.MEMORY.length()));
                    if (mib > MAX_MIB) {
                        failures.add(what + ", seed " + seed + ": " + mib + " MiB");
                    }
                } else if (line.startsWith(FuzzChild.END)) {
                    loaded += Integer.parseInt(line.substring(FuzzChild.END.length() + 1));
                    at = to;
                }
            }
            alarm.cancel(false);
        }
        process.waitFor();
        return at;
    }

    @ParameterizedTest
    @CsvSource({"files,200", "patterns,20", "prompts,6"})
    void harmfulCasesAreRefusedOrWork(String what, int numCases) throws Exception {
        run(what, 1, numCases);
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"files,2,10000", "files,3,10000", "files,4,10000", "patterns,2,10000", "prompts,2,1000"})
    void manyHarmfulCasesAreRefusedOrWork(String what, long seed, int numCases) throws Exception {
        run(what, seed, numCases);
    }
}
