package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cluster.TrainOnRanks.Outcome;
import glia.model.Division;
import glia.train.recipe.RecipeRun.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// MPI of both bindings, from Python wheels that hold libraries and launchers: `target/mpi/NAME`.
@Tag("peer")
class MpiTest {
    private static final Path WHEELS = Path.of("target/mpi").toAbsolutePath();
    private static final Map<String, List<String>> OPTIONS = Map.of("mpich", List.of(),
            "openmpi", List.of("--allow-run-as-root", "--oversubscribe"));

    /// What a job printed, and its exit code.
    record Job(int code, String output) { }

    @TempDir
    private Path folder;

    @BeforeAll
    static void install() throws Exception {
        for (String name : OPTIONS.keySet()) {
            Path target = WHEELS.resolve(name);
            if (!Files.exists(target.resolve("bin/mpiexec"))) {
                Files.createDirectories(WHEELS);
                List<String> pip = List.of("python3", "-m", "pip", "install", "--no-deps", "--only-binary=:all:",
                        "--prefix", target.toString(), name);
                try {
                    Job job = run(pip, Map.of(), 300);
                    Assumptions.assumeTrue(job.code == 0, "pip cannot install " + name + ": " + job.output);
                } catch (IOException e) {
                    Assumptions.abort("pip is not there: " + e.getMessage());
                }
            }
        }
    }

    static Job run(List<String> command, Map<String, String> environment, int seconds) throws Exception {
        Path output = Files.createTempFile("glia-mpi", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        boolean hasEnded = process.waitFor(seconds, TimeUnit.SECONDS);
        if (!hasEnded) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        Files.delete(output);
        assertTrue(hasEnded, "no end within " + seconds + " s: " + text);
        return new Job(process.exitValue(), text);
    }

    private static Job start(String name, int ranks, List<String> words) throws Exception {
        return start(name, OPTIONS.get(name), ranks, words);
    }

    static Job start(String name, List<String> options, int ranks, List<String> words) throws Exception {
        List<String> command = new ArrayList<>(List.of(WHEELS.resolve(name).resolve("bin/mpiexec").toString()));
        command.addAll(options);
        command.addAll(List.of("-n", Integer.toString(ranks), ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED", "-Dglia.spin=0", "-cp", System.getProperty("java.class.path")));
        command.addAll(words);
        return run(command, Map.of(), 120);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void collectivesMoveWhatTheySay(String name) throws Exception {
        Job job = start(name, 3, List.of(MpiProgram.class.getName(), "collectives"));
        assertEquals(0, job.code, job.output);
        assertEquals(3, job.output.lines().filter(line -> line.equals("as expected")).count(), job.output);
    }

    /// As threads do in other tests, and so with the bits of one process.
    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void processesTrainAsThreads(String name) throws Exception {
        TrainOnRanks.write(folder);
        Outcome threads = TrainOnRanks.train(folder, "threads", 3, Existing.REFUSE, "parallel.data=3");
        Job job = start(name, 3, List.of(TrainOnRanks.class.getName(), folder.toString(), "mpi", "parallel.data=3"));
        assertEquals(0, job.code, job.output);
        assertEquals(threads.weights(), TrainOnRanks.weights(folder.resolve("mpi/model/model.safetensors")));
        assertEquals(threads.losses().toString(), Files.readString(folder.resolve("mpi.losses")));
    }

    /// Ranks that share the tokens of sequences or the weights, too.
    @ParameterizedTest
    @CsvSource({"mpich,parallel.context=3 parallel.context_method=ring", "mpich,parallel.shard=weights",
        "openmpi,parallel.context=3 parallel.context_method=striped", "openmpi,parallel.shard=weights"})
    void otherLayoutsOfProcessesTrainAsThreads(String name, String layout) throws Exception {
        TrainOnRanks.write(folder);
        String[] words = (layout + " steps=4").split(" ");
        Outcome threads = TrainOnRanks.train(folder, "threads", 3, Existing.REFUSE, words);
        Job job = start(name, 3, Stream.concat(Stream.of(TrainOnRanks.class.getName(), folder.toString(), "mpi"),
                Stream.of(words)).toList());
        assertEquals(0, job.code, job.output);
        assertEquals(threads.weights(), TrainOnRanks.weights(folder.resolve("mpi/model/model.safetensors")));
    }

    /// Stages of two ranks each.
    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void pipelinesOfProcessesTrainAsOne(String name) throws Exception {
        TrainOnRanks.write(folder);
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=4", "steps=4");
        Job job = start(name, 4, List.of(TrainOnRanks.class.getName(), folder.toString(), "mpi", "parallel.pipeline=2",
                "batch.accumulate=2", "steps=4"));
        assertEquals(0, job.code, job.output);
        assertEquals(one.weights(), TrainOnRanks.weights(folder.resolve("mpi/model/model.safetensors")));
        assertEquals(one.losses().toString(), Files.readString(folder.resolve("mpi.losses")));
    }

    /// Ranks with some heads and columns each, in two groups.
    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void partsOfProcessesTrainAsOne(String name) throws Exception {
        TrainOnRanks.write(folder);
        Outcome one = TrainOnRanks.train(folder, "one", 1, Existing.REFUSE, "batch.accumulate=2", "steps=4",
                "parallel.tensor=1");
        Job job = start(name, 4, List.of(TrainOnRanks.class.getName(), folder.toString(), "mpi", "parallel.tensor=2",
                "steps=4"));
        assertEquals(0, job.code, job.output);
        assertEquals(one.weights(), TrainOnRanks.weights(folder.resolve("mpi/model/model.safetensors")));
        assertEquals(one.losses().toString(), Files.readString(folder.resolve("mpi.losses")));
    }

    /// Ranks with some experts each, in two groups; outer steps of fragments with messages under way; layers in turns;
    /// rows of the stream.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"mpich|4|parallel.expert=2", "openmpi|4|parallel.expert=2",
        "mpich|2|parallel.every=2 parallel.fragments=2 parallel.overlap=1 parallel.outer_bits=8",
        "openmpi|2|parallel.every=2 parallel.fragments=2 parallel.overlap=1 parallel.outer_bits=4",
        "mpich|4|parallel.pipeline=2 parallel.virtual_stages=2 batch.accumulate=2 model.new.layers=4",
        "openmpi|4|parallel.pipeline=2 parallel.virtual_stages=2 batch.accumulate=2 model.new.layers=4",
        "mpich|4|parallel.tensor=2 parallel.sequence=true", "openmpi|2|parallel.tensor=2 parallel.sequence=true"})
    void modesOfProcessesTrainAsThreads(String name, int ranks, String layout) throws Exception {
        TrainOnRanks.write(folder);
        String[] words = (layout + " steps=4 validate.every=2" + (layout.contains("expert")
                ? " model.new.family=mixtral model.new.experts=4" : "")).split(" ");
        Outcome threads = TrainOnRanks.train(folder, "threads", ranks, Existing.REFUSE, words);
        Job job = start(name, ranks, Stream.concat(Stream.of(TrainOnRanks.class.getName(), folder.toString(), "mpi"),
                Stream.of(words)).toList());
        assertEquals(0, job.code, job.output);
        assertEquals(threads.weights(), TrainOnRanks.weights(folder.resolve("mpi/model/model.safetensors")));
        assertEquals(threads.losses().toString(), Files.readString(folder.resolve("mpi.losses")));
    }

    /// One of two processes schedules, the other follows.
    @ParameterizedTest
    @CsvSource({"mpich,TENSOR", "openmpi,PIPELINE"})
    void processesAnswerAsOne(String name, Division division) throws Exception {
        Job job = start(name, 2, List.of(MpiProgram.class.getName(), "answer", division.name()));
        assertEquals(0, job.code, job.output);
        assertTrue(job.output.contains(ServingOnRanksTest.onThreads(1, "llama", division, 1 << 24)), job.output);
    }

    /// A layout that does not fit is one error, and no rank waits for another.
    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void aWrongLayoutIsOneError(String name) throws Exception {
        TrainOnRanks.write(folder);
        Job job = start(name, 3, List.of(TrainOnRanks.class.getName(), folder.toString(), "mpi", "parallel.data=2"));
        assertTrue(job.code != 0, job.output);
        assertEquals(1, job.output.lines().filter(line -> line.contains("but there are 3 ranks")).count(), job.output);
    }

    /// The others end with the one that is killed, whichever it is and whenever.
    @ParameterizedTest
    @CsvSource({"mpich,0,1", "mpich,1,0", "mpich,2,70", "openmpi,0,1", "openmpi,1,0", "openmpi,2,70"})
    void aKilledRankEndsTheJob(String name, String rank, String exchanges) throws Exception {
        long start = System.nanoTime();
        Job job = start(name, 3, List.of(MpiProgram.class.getName(), "kill", rank, exchanges));
        assertTrue(job.code != 0, job.output);
        assertTrue(System.nanoTime() - start < 30e9, job.output);
        assertTrue(Stream.of("signal 9", "Killed").anyMatch(job.output::contains), job.output);
    }

    /// An error on one rank names it.
    @ParameterizedTest
    @ValueSource(strings = {"mpich", "openmpi"})
    void aRankThatFailsEndsTheJob(String name) throws Exception {
        Job job = start(name, 3, List.of(MpiProgram.class.getName(), "fail"));
        assertTrue(job.code != 0, job.output);
        assertTrue(job.output.contains("glia: rank 1 of 3 on "), job.output);
        assertTrue(job.output.contains("no disk"), job.output);
    }

    /// A rank of a test.
    static final class MpiProgram {
        private MpiProgram() { }

        static void main(String[] words) throws Exception {
            switch (words[0]) {
                case "collectives" -> {
                    try (Collective collective = new Collective(Mpi.join(System.getenv()))) {
                        CollectiveTest.check(collective);
                    }
                    System.out.println("as expected");
                }
                case "answer" -> {
                    try (Collective collective = new Collective(Mpi.join(System.getenv()))) {
                        System.out.print(ServingOnRanksTest.answers(collective, "llama",
                                Division.valueOf(words[1]), 1 << 24));
                    }
                }
                case "kill" -> Launch.<IOException>run(1, "best", "1", System.err, ranks -> {
                    for (int i = 0;; i++) {
                        if (ranks.rank() == Integer.parseInt(words[1]) && i == Integer.parseInt(words[2])) {
                            new ProcessBuilder("kill", "-9", Long.toString(ProcessHandle.current().pid())).start();
                        }
                        ranks.all("more");
                    }
                });
                default -> Launch.<IOException>run(1, "best", "1", System.err, ranks -> {
                    ranks.all("ready");
                    if (ranks.rank() == 1) {
                        throw new IOException("no disk");
                    }
                    ranks.all("more");
                    return 0;
                });
            }
        }
    }
}
