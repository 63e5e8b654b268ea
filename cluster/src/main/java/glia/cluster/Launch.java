package glia.cluster;

import glia.engine.training.PipelineStages;
import glia.engine.training.Reduction;
import glia.kernels.KernelBackends;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.ContextParallel;
import glia.train.recipe.RunRanks;
import glia.train.run.Trainer;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Starts a program on ranks: the processes of a job that `mpiexec`, `srun` or an MPI operator started, or else threads
/// of this process.
public final class Launch {
    private static final int FAILED = 1;

    private Launch() { }

    /// What each rank does.
    @FunctionalInterface
    public interface Program<E extends Exception> {
        /// @return an exit code
        int run(RunRanks ranks) throws E;
    }

    /// The number of processes of the job of which this process is one; 1 without a launcher of MPI.
    public static int processes() {
        return Mpi.ranks(System.getenv());
    }

    /// The number of this process in its job, of which only the first one has standard input.
    public static int process() {
        return Mpi.rank(System.getenv());
    }

    /// The number of processes of the job on this machine, which share its processors.
    public static int processesHere() {
        Map<String, String> environment = System.getenv();
        return List.of("MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE").stream().filter(environment::containsKey)
                .map(environment::get).mapToInt(Integer::parseInt).findFirst().orElse(1);
    }

    /// Runs a program on ranks. If one fails while others go on, all end.
    ///
    /// @param threads ranks where there is no job of several processes
    /// @param kernels the name of the backend that adds
    /// @param version of this program, which all ranks must have
    /// @param err where a rank that failed says its number
    /// @return an exit code
    public static <E extends Exception> int run(int threads, String kernels, String version, PrintStream err,
            Program<E> program) throws E {
        if (processes() > 1) {
            Mpi joined;
            try {
                joined = Mpi.join(System.getenv());
            } catch (RankException e) {
                if (Mpi.rank(System.getenv()) > 0) {
                    return FAILED;
                }
                throw e;
            }
            return run(new Collective(joined), kernels, version, err, program);
        }
        return threads == 1 ? program.run(RunRanks.ONE)
                : ThreadRanks.<E>run(threads, collective -> runRank(collective, kernels, version, program));
    }

    private static <E extends Exception> int run(Collective collective, String kernels, String version,
            PrintStream err, Program<E> program) throws E {
        TrainingRanks ranks = new TrainingRanks(collective);
        boolean hasEnded = false;
        try {
            int code = runRank(ranks, kernels, version, program);
            hasEnded = true;
            return code;
        } catch (Exception e) {
            if (ranks.hasAgreed && ranks.reporter != collective.rank()) {
                return FAILED;
            }
            throw e;
        } finally {
            if (hasEnded || ranks.hasAgreed) {
                collective.close();
            } else {
                err.println("glia: rank " + collective.rank() + " of " + collective.size() + " on " + host()
                        + " failed, and ends the others");
                // After the error has been printed.
                Runtime.getRuntime().addShutdownHook(new Thread(() -> collective.abort("")));
            }
        }
    }

    static <E extends Exception> int runRank(Collective collective, String kernels, String version,
            Program<E> program) throws E {
        return runRank(new TrainingRanks(collective), kernels, version, program);
    }

    private static <E extends Exception> int runRank(TrainingRanks ranks, String kernels, String version,
            Program<E> program) throws E {
        Collective collective = ranks.collective;
        try (Workers workers = new Workers(1);
                DataParallel sums = new DataParallel(collective, KernelBackends.choose(kernels, workers).kernels());
                ranks) {
            ranks.reduction = sums;
            List<String> versions = collective.all(version);
            for (int r = 1; r < versions.size(); r++) {
                if (!versions.get(r).equals(versions.getFirst())) {
                    ranks.hasAgreed = true;
                    String what = "rank " + r + " runs " + versions.get(r) + ", and rank 0 " + versions.getFirst()
                            + "; install the same version on all machines";
                    throw collective.rank() == 0 ? new IllegalArgumentException(what) : new Agreed(what);
                }
            }
            int code = program.run(ranks);
            collective.barrier();
            return code;
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "an unknown host";
        }
    }

    /// Another rank failed, all ranks know it, and that rank reports it.
    private static final class Agreed extends RankException {
        private static final long serialVersionUID = 1;

        Agreed(String message) {
            super(message);
        }
    }

    private static final class TrainingRanks implements RunRanks, AutoCloseable {
        private final Collective collective;
        private DataParallel reduction;
        private Optional<PipelineParallel> pipeline = Optional.empty();
        /// Whether a rank failed and all know it.
        private boolean hasAgreed;
        /// The first rank that failed, whose error is shown.
        private int reporter;

        TrainingRanks(Collective collective) {
            this.collective = collective;
        }

        @Override
        public Reduction reduction() {
            return pipeline.<Reduction>map(p -> p).orElse(reduction);
        }

        @Override
        public void pipeline(PipelineStages stages) {
            close();
            pipeline = Optional.of(new PipelineParallel(collective, stages, reduction.kernels()));
        }

        @Override
        public void close() {
            pipeline.ifPresent(PipelineParallel::close);
        }

        @Override
        public RankGroup members() {
            return collective;
        }

        @Override
        public void stepAlone() {
            reduction.stepAlone();
        }

        @Override
        public void shareContext(int size, ContextParallel.Method method) {
            pipeline.ifPresentOrElse(p -> p.shareContext(size, method), () -> reduction.shareContext(size, method));
        }

        @Override
        public void average(Map<String, Weight.Stored> weights, Outer outer, Trainer trainer) {
            OuterSteps steps = new OuterSteps(collective, reduction.kernels(), weights, outer);
            trainer.after(steps).keep(steps.state());
        }

        @Override
        public List<String> all(String ofRank) {
            return collective.all(ofRank);
        }

        @Override
        public void agree(String failure) {
            List<String> failures = collective.all(failure);
            hasAgreed = !String.join("", failures).isEmpty();
            while (hasAgreed && failures.get(reporter).isEmpty()) {
                reporter++;
            }
            if (hasAgreed && reporter != collective.rank()) {
                throw new Agreed("rank " + reporter + ": " + failures.get(reporter));
            }
        }
    }
}
