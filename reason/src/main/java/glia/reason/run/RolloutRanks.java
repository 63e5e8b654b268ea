package glia.reason.run;

import glia.engine.training.Reduction;
import glia.reason.rollout.Rollout;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.reason.run.ProblemSource.PromptProblem;
import glia.tensor.ops.Weight;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Messages between ranks that update and those that generate rollouts for them. Rank 0 asks all that generate for a
/// batch; of the others, each sends the weights to some of them. The first that generates sends the batch to all that
/// update, with log-probabilities, values and advantages, which are of the weights at generation.
///
/// A batch of n tokens takes some `8 n` bytes for each of its columns, and each push of the weights their size times
/// the number of ranks that generate.
record RolloutRanks(Reduction.Rollouts all) {
    /// In place of the number of a batch: the run has ended.
    static final long ENDED = -1;
    /// The run was stopped.
    static final long STOPPED = -2;

    /// A batch without what all ranks have.
    private record Message(List<Scored> scored, long[] problems, int[] sequences, Map<Column, double[]> columns,
            double klCoefficient, boolean[] isMasked, Map<String, Double> figures, long tokens, double[] numbers,
            List<String> warnings) implements Serializable { }

    private record Scored(int group, int[] tokens, float[] logProbs, boolean[] isSampled, Rollout.Finish finish,
            String text, double[] scores, double reward, boolean isRight) implements Serializable { }

    private int size() {
        return all.ranks().size();
    }

    private void send(MemorySegment memory, int to) {
        all.ranks().begin(memory, to, memory.asSlice(0, 0), to).run();
    }

    private void receive(MemorySegment memory, int from) {
        all.ranks().begin(memory.asSlice(0, 0), from, memory, from).run();
    }

    private int pusher(int generating) {
        return (generating - all.updating()) % all.updating();
    }

    // ---- ranks that update ---------------------------------------------------------------------------------------

    /// Asks for a batch.
    ///
    /// @param index of the batch
    /// @param pushes whether the weights have changed since the last request
    void request(long index, boolean pushes) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment request = arena.allocateFrom(ValueLayout.JAVA_LONG, index, pushes ? 1 : 0);
            for (int g = all.updating(); g < size(); g++) {
                if (all.ranks().rank() == 0) {
                    send(request, g);
                }
                if (pushes && all.ranks().rank() == pusher(g)) {
                    for (Weight.Stored w : all.weights()) {
                        send(w.tensor().memory(), g);
                    }
                }
            }
        }
    }

    /// The batch of the last request.
    RolloutBatch receive(long index, RolloutCollector collector, RunNumbers numbers) {
        Message message = read(all.updating());
        numbers.setBatches(message.numbers);
        collector.scoring().watch().addWarnings(message.warnings);
        List<PromptProblem> problems = Arrays.stream(message.problems).mapToObj(collector.problems()::training)
                .toList();
        List<ScoredRollout> scored = message.scored.stream().map(s -> {
            PromptProblem problem = problems.get(s.group);
            return new ScoredRollout(s.group, problem, new Rollout(problem.input(), s.tokens, s.logProbs, s.isSampled,
                    s.finish), s.text, s.scores, s.reward, s.isRight);
        }).toList();
        return new RolloutBatch(index, scored, new RolloutColumns(message.sequences, scored.size(), message.columns, 0),
                message.klCoefficient, message.isMasked, message.figures, message.tokens);
    }

    // ---- ranks that generate -------------------------------------------------------------------------------------

    /// The number of the next batch, for which the model gets its weights, or how the run has ended.
    long next() {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment request = arena.allocate(ValueLayout.JAVA_LONG, 2);
            receive(request, 0);
            if (request.getAtIndex(ValueLayout.JAVA_LONG, 1) > 0) {
                int from = pusher(all.ranks().rank());
                all.weights().forEach(w -> w.update(t -> receive(t.memory(), from)));
            }
            return request.getAtIndex(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Sends a batch, if this rank is the first that generates.
    ///
    /// @param problems numbers of the groups' problems
    void send(RolloutBatch batch, long[] problems, RewardWatch watch, RunNumbers numbers) {
        List<String> warnings = watch.takeWarnings();
        if (all.ranks().rank() > all.updating()) {
            return;
        }
        List<Scored> scored = new ArrayList<>();
        for (ScoredRollout s : batch.scored()) {
            Rollout r = s.rollout();
            scored.add(new Scored(s.group(), r.tokens(), r.logProbs(), r.isSampled(), r.finish(), s.text(), s.scores(),
                    s.reward(), s.isRight()));
        }
        write(new Message(scored, problems, batch.columns().sequences(), batch.columns().columns(),
                batch.klCoefficient(), batch.isMasked(), batch.figures(), batch.tokens(), numbers.ofBatches(),
                warnings));
    }

    private void write(Message message) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(message);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_LONG, bytes.size());
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes.toByteArray());
            IntStream.range(0, all.updating()).forEach(to -> {
                send(size, to);
                send(memory, to);
            });
        }
    }

    private Message read(int from) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
            receive(size, from);
            MemorySegment memory = arena.allocate(size.get(ValueLayout.JAVA_LONG, 0));
            receive(memory, from);
            return (Message) new ObjectInputStream(new ByteArrayInputStream(memory.toArray(ValueLayout.JAVA_BYTE)))
                    .readObject();
        } catch (IOException | ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }
}
