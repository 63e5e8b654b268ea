package glia.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.train.recipe.RecipeRun.Existing;
import glia.train.run.TrainingListener.StepFigures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Two ranks in two network namespaces, with a link of 1 Gbit/s between them and a processor each: exchanges run while
/// ranks compute. A quiet machine of two processors, where root may make namespaces.
@Tag("peer")
class SlowLinkTest {
    private static final String SPACE = "glia-slow-link";
    private static final double BYTES_PER_SECOND = 1e9 / 8;
    private static final List<String> SETUP = List.of("ip netns add " + SPACE,
            "ip link add glia0 type veth peer name glia1 netns " + SPACE,
            "ip -n " + SPACE + " link set glia1 name glia0",
            "ip addr add 10.213.0.1/30 dev glia0", "ip -n " + SPACE + " addr add 10.213.0.2/30 dev glia0",
            "ip link set glia0 mtu 9000 up", "ip -n " + SPACE + " link set glia0 mtu 9000 up",
            "ip -n " + SPACE + " link set lo up",
            "tc qdisc add dev glia0 root tbf rate 1gbit burst 256kb latency 50ms",
            "tc -n " + SPACE + " qdisc add dev glia0 root tbf rate 1gbit burst 256kb latency 50ms");

    /// What rank 0 measured of a step: the median.
    private record Step(double seconds, double bytes) { }

    @TempDir
    private Path folder;

    @BeforeAll
    static void connect() throws Exception {
        MpiTest.install();
        remove();
        for (String command : SETUP) {
            MpiTest.Job job = MpiTest.run(List.of(command.split(" ")), Map.of(), 10);
            Assumptions.assumeTrue(job.code() == 0, "no network namespaces here: " + command + ": " + job.output());
        }
    }

    @AfterAll
    static void remove() throws Exception {
        MpiTest.run(List.of("sh", "-c", "ip link del glia0; ip netns del " + SPACE), Map.of(), 10);
    }

    /// Starts a process in the namespace in place of another machine.
    private Path launcher() throws IOException {
        Path file = Files.writeString(folder.resolve("launcher"), """
                #!/bin/sh
                while [ "${1#-}" != "$1" ]; do shift; done
                shift
                exec ip netns exec %s sh -c "$*"
                """.formatted(SPACE));
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Step train(String output, String... words) throws Exception {
        List<String> options = List.of("-hosts", "10.213.0.1,10.213.0.2", "-ppn", "1", "-launcher", "ssh",
                "-launcher-exec", launcher().toString(), "-iface", "glia0", "-env", "UCX_TLS", "tcp,self", "-env",
                "UCX_NET_DEVICES", "glia0", "-env", "FI_PROVIDER", "tcp", "-env", "FI_TCP_IFACE", "glia0");
        MpiTest.Job job = MpiTest.start("mpich", options, 2, Stream.concat(Stream.of(Program.class.getName(),
                folder.toString(), output), Stream.of(words)).toList());
        assertEquals(0, job.code(), job.output());
        String[] numbers = Files.readString(folder.resolve(output + ".step")).split(" ");
        return new Step(Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1]));
    }

    /// The larger of the two times hides the other one: little to compute, much to compute, and about as much as the
    /// link takes.
    @ParameterizedTest
    @CsvSource({"1,8", "16,1", "2,4"})
    void aStepTakesAsLongAsItsLongerPart(int sequences, int accumulate) throws Exception {
        TrainOnRanks.write(folder);
        String[] words = {"model.new.hidden=256", "model.new.layers=4", "model.new.heads=4", "batch.context=32",
            "steps=9", "validate.every=0", "report.norms_every=0", "batch.sequences=" + sequences,
            "batch.accumulate=" + accumulate};
        double computing = train("apart", Stream.concat(Stream.of(words), Stream.of("parallel.every=1000"))
                .toArray(String[]::new)).seconds;
        Step step = train("together", words);
        double sending = step.bytes / BYTES_PER_SECOND;
        String measured = "%d sequences, %d micro-batches: a step takes %.3f s, computing %.3f s, sending %.3f s"
                .formatted(sequences, accumulate, step.seconds, computing, sending);
        System.out.println(measured);
        assertTrue(step.seconds <= 1.1 * Math.max(computing, sending), measured);
    }

    /// A rank: `FOLDER OUTPUT KEY=VALUE…`.
    static final class Program {
        private static final int WARM = 2;

        private Program() { }

        static void main(String[] words) throws IOException {
            List<StepFigures> steps = new ArrayList<>();
            Launch.<IOException>run(1, "best", "1", System.err, ranks -> {
                TrainOnRanks.train(ranks, Path.of(words[0]), TrainOnRanks.RECIPE, words[1], Existing.REFUSE, steps::add,
                        List.of(words).subList(2, words.length).toArray(String[]::new));
                if (ranks.rank() == 0) {
                    double seconds = steps.stream().skip(WARM).map(StepFigures::seconds).sorted()
                            .collect(Collectors.toList()).get((steps.size() - WARM) / 2);
                    Files.writeString(Path.of(words[0], words[1] + ".step"), seconds + " "
                            + steps.getLast().parts().getOrDefault("ranks/bytes_sent", 0.0));
                }
                return 0;
            });
        }
    }
}
