package glia.cluster;

import glia.engine.training.PipelineStages;
import glia.engine.training.Reduction;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.tensor.kernel.Kernels;
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
import java.util.function.Function;
import java.util.stream.IntStream;

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
        if (threads == 1) {
            try (TrainingRanks alone = new TrainingRanks(ThreadRanks.alone(), kernels)) {
                return program.run(alone);
            }
        }
        return ThreadRanks.<E>run(threads, collective -> runRank(collective, kernels, version, program));
    }

    private static <E extends Exception> int run(Collective collective, String kernels, String version,
            PrintStream err, Program<E> program) throws E {
        TrainingRanks ranks = new TrainingRanks(collective, kernels);
        boolean hasEnded = false;
        try {
            int code = runRank(ranks, version, program);
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
        return runRank(new TrainingRanks(collective, kernels), version, program);
    }

    private static <E extends Exception> int runRank(TrainingRanks ranks, String version, Program<E> program)
            throws E {
        Collective collective = ranks.collective;
        try (ranks) {
            ranks.reduction = Optional.of(new DataParallel(collective, ranks.kernels()));
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
        private final String backend;
        private final Workers workers = new Workers(1);
        private Optional<Kernels> kernels = Optional.empty();
        /// Empty for one rank.
        private Optional<DataParallel> reduction = Optional.empty();
        private Optional<TensorParallel> tensor = Optional.empty();
        private Optional<PipelineParallel> pipeline = Optional.empty();
        private Optional<ExpertParallel> experts = Optional.empty();
        /// The same ranks with some layers each.
        private Function<PipelineStages, PipelineParallel> ofExperts;
        /// The ranks that update, or those that generate rollouts for them.
        private Optional<DataParallel> kind = Optional.empty();
        /// Whether a rank failed and all know it.
        private boolean hasAgreed;
        /// The first rank that failed, whose error is shown.
        private int reporter;

        /// @param backend the name of the kernels that add
        TrainingRanks(Collective collective, String backend) {
            this.collective = collective;
            this.backend = backend;
        }

        private Kernels kernels() {
            if (kernels.isEmpty()) {
                kernels = Optional.of(KernelBackends.choose(backend, workers).kernels());
            }
            return kernels.get();
        }

        @Override
        public Reduction reduction() {
            return tensor.<Reduction>map(t -> t).or(() -> pipeline).or(() -> experts).or(() -> kind).or(() -> reduction)
                    .orElse(Reduction.NONE);
        }

        @Override
        public Model divide(Model model, int size, boolean isSequence) {
            end();
            tensor = Optional.of(new TensorParallel(collective, size, isSequence, model, kernels()));
            return tensor.get().tensor().orElseThrow().model();
        }

        @Override
        public void divideExperts(Model model, int size) {
            if (tensor.isPresent()) {
                tensor.get().divideExperts(size);
                return;
            }
            end();
            experts = Optional.of(new ExpertParallel(collective, size, model, kernels()));
            ofExperts = stages -> PipelineParallel.ofExperts(collective, stages, size, model, kernels());
        }

        @Override
        public void leaveRollouts(int count, List<Weight.Stored> weights) {
            end();
            int updating = size() - count;
            boolean isUpdating = rank() < updating;
            Optional<Reduction.Rollouts> both = Optional.of(new Reduction.Rollouts(collective.duplicate(), updating,
                    weights));
            kind = Optional.of(new DataParallel(collective.of(IntStream.range(isUpdating ? 0 : updating,
                    isUpdating ? updating : size()).toArray()), kernels()) {
                @Override
                public Optional<Rollouts> rollouts() {
                    return both;
                }
            });
        }

        @Override
        public void pipeline(PipelineStages stages) {
            if (tensor.isPresent()) {
                tensor.get().pipeline(stages);
            } else {
                boolean hasExperts = experts.isPresent();
                end();
                pipeline = Optional.of(hasExperts ? ofExperts.apply(stages)
                        : new PipelineParallel(collective, stages, kernels()));
            }
        }

        @Override
        public void restart() {
            end();
            reduction.ifPresent(DataParallel::close);
            reduction = Optional.of(new DataParallel(collective, kernels()));
        }

        private void end() {
            tensor.ifPresent(TensorParallel::close);
            pipeline.ifPresent(PipelineParallel::close);
            experts.ifPresent(ExpertParallel::close);
            kind.ifPresent(DataParallel::close);
            tensor = Optional.empty();
            pipeline = Optional.empty();
            experts = Optional.empty();
            kind = Optional.empty();
        }

        @Override
        public void close() {
            end();
            reduction.ifPresent(DataParallel::close);
            workers.close();
        }

        @Override
        public int rank() {
            return collective.rank();
        }

        @Override
        public int size() {
            return collective.size();
        }

        @Override
        public RankGroup members() {
            return collective;
        }

        @Override
        public void stepAlone() {
            reduction.orElseThrow().stepAlone();
        }

        @Override
        public void shareContext(int size, ContextParallel.Method method) {
            if (tensor.isPresent()) {
                tensor.get().shareContext(size, method);
            } else if (experts.isPresent()) {
                experts.get().shareContext(size, method);
            } else {
                pipeline.ifPresentOrElse(p -> p.shareContext(size, method),
                        () -> reduction.orElseThrow().shareContext(size, method));
            }
        }

        @Override
        public void average(Map<String, Weight.Stored> weights, Outer outer, Trainer trainer) {
            OuterSteps steps = new OuterSteps(collective.duplicate(), kernels(), weights, outer);
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
