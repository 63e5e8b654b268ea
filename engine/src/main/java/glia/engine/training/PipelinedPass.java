package glia.engine.training;

import glia.engine.training.PipelineSchedule.Work;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.TensorPool;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.RankGroup;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Losses of micro-batches on the ranks of a pipeline (https://arxiv.org/abs/2104.04473). A rank computes its stages,
/// and gets from the others what crosses their borders: forward the residual stream, backward its gradient, and the
/// gradient of a weight that several stages read, so that each is added to where one process would add it.
///
/// All ranks derive the same order of messages from the schedule, and send and receive theirs in this order. Each
/// message follows those that it depends on, so that no two ranks wait for each other.
final class PipelinedPass implements AutoCloseable {
    /// Messages that are being sent before the next work waits for the first of them.
    private static final int MOST_UNDER_WAY = 4;

    /// @param weight whose gradient it is; empty for the stream and its gradient
    private record Message(int microBatch, int from, int to, Optional<Weight> weight) { }

    /// A message that is being sent or received; `end` waits for it.
    private record Exchange(Tensor values, Runnable end) { }

    /// A micro-batch between the forward and the backward pass of a stage.
    ///
    /// @param result the stream after the stage, or the loss
    /// @param rows of the stream
    private record Held(Recorder recorder, Tensor result, int rows) { }

    /// A micro-batch with its loss.
    ///
    /// @param key of its dropout
    record Item(TokenBatch batch, Loss loss, long key) { }

    private final Decoder decoder;
    private final int hiddenSize;
    private final Reduction reduction;
    private final Reduction.Pipeline pipeline;
    private final Optional<Reduction.Context> context;
    private final PipelineStages stages;
    private final Gradients gradients;
    private final Recorders recorders;
    private final DropoutRates dropout;
    private final Deque<Recorder> idle = new ArrayDeque<>();
    private final List<Recorder> all = new ArrayList<>();
    private final TensorPool pool = new TensorPool();
    // Of one step.
    private final Deque<Message> messages = new ArrayDeque<>();
    private final Map<Message, Tensor> ready = new HashMap<>();
    private final Map<Message, Exchange> receiving = new HashMap<>();
    private final Deque<Exchange> sending = new ArrayDeque<>();
    private final Map<Work, Held> held = new HashMap<>();

    /// @param recorders makes those that hold activations of micro-batches
    PipelinedPass(Decoder decoder, int hiddenSize, Reduction reduction, Gradients gradients, Recorders recorders,
            DropoutRates dropout) {
        this.decoder = decoder;
        this.hiddenSize = hiddenSize;
        this.reduction = reduction;
        this.pipeline = reduction.pipeline().orElseThrow();
        this.context = reduction.context();
        this.stages = pipeline.stages();
        this.gradients = gradients;
        this.recorders = recorders;
        this.dropout = dropout;
    }

    private int rank() {
        return pipeline.ranks().rank();
    }

    private boolean isOwn(int stage) {
        return stages.rank(stage) == rank();
    }

    /// Computes the losses of micro-batches, on all ranks.
    ///
    /// @param evaluator computes without gradients; empty to accumulate gradients
    double[] losses(List<Item> items, Optional<Recorder> evaluator) {
        try {
            return run(items, evaluator);
        } finally {
            held.values().forEach(h -> h.recorder.clear());
            held.clear();
            messages.clear();
            ready.clear();
            receiving.clear();
            sending.clear();
            pool.clear();
        }
    }

    private double[] run(List<Item> items, Optional<Recorder> evaluator) {
        List<Work> order = new PipelineSchedule(stages.numRanks(), stages.count() / stages.numRanks(), items.size(),
                evaluator.isEmpty()).order();
        order.forEach(work -> results(work).stream().filter(m -> isOwn(m.from) != isOwn(m.to))
                .forEach(messages::add));
        double[] losses = new double[items.size()];
        reduction.forward();
        exchange(items);
        for (Work work : order) {
            if (isOwn(work.stage())) {
                if (work.isBackward()) {
                    backward(work);
                } else {
                    forward(work, items.get(work.microBatch()), evaluator, losses);
                }
                exchange(items);
                while (sending.size() > MOST_UNDER_WAY) {
                    end(sending.removeFirst());
                }
            }
        }
        sending.forEach(this::end);
        return ofLast(losses);
    }

    private void end(Exchange exchange) {
        exchange.end.run();
        pool.release(exchange.values);
    }

    // ---- work ----------------------------------------------------------------------------------------------------

    private void forward(Work work, Item item, Optional<Recorder> evaluator, double[] losses) {
        Optional<DividedBatch> divided = context.map(c -> new DividedBatch(item.batch, c));
        Pass pass = Predictions.pass(item.batch, divided);
        Recorder ops = evaluator.orElseGet(this::recorder);
        if (evaluator.isEmpty()) {
            ops.dropout(dropout, item.key);
        }
        ops.divide(divided.map(DividedBatch::context));
        pass.collectRouted();
        int s = work.stage();
        Optional<Tensor> before = Optional.empty();
        if (s > 0) {
            Tensor values = received(new Message(work.microBatch(), s - 1, s, Optional.empty()));
            Tensor x = ops.apply(new Received(values));
            pool.release(values);
            before = Optional.of(x);
            if (evaluator.isEmpty()) {
                Message gradient = new Message(work.microBatch(), s, s - 1, Optional.empty());
                ops.watch(x, d -> ready.put(gradient, copy(d)));
            }
        }
        Tensor y = decoder.stage(ops, pass, before, stages.start(s), stages.start(s + 1));
        if (s < stages.count() - 1) {
            ready.put(new Message(work.microBatch(), s, s + 1, Optional.empty()), copy(y));
        } else {
            Value value = item.loss.of(new Predictions(ops, decoder, item.batch, divided,
                    decoder.ended(ops, pass, y)));
            losses[work.microBatch()] = value.number();
            y = value.tensor();
        }
        if (evaluator.isPresent()) {
            ops.clear();
        } else {
            held.put(work, new Held(ops, y, rows(pass)));
        }
    }

    private Recorder recorder() {
        if (idle.isEmpty()) {
            idle.add(recorders.training());
            all.add(idle.getLast());
        }
        return idle.removeLast();
    }

    private void backward(Work work) {
        int s = work.stage();
        Held own = held.remove(new Work(s, work.microBatch(), false));
        Recorder ops = own.recorder;
        boolean isLast = s == stages.count() - 1;
        Tensor d = isLast ? null : received(new Message(work.microBatch(), s + 1, s, Optional.empty()));
        if (isLast) {
            ops.gradient(own.result).set(0, 1);
        } else if (ops.needs(own.result)) {
            ops.gradient(own.result).copyFrom(d);
        }
        // These begin with what later stages have added.
        Map<Weight, Tensor> begun = new HashMap<>();
        stages.handedTo(s).forEach((w, from) -> {
            if (recorders.trainable().test(w)) {
                begun.put(w, received(new Message(work.microBatch(), from, s, Optional.of(w))));
            }
        });
        if (!begun.isEmpty()) {
            ops.watch(own.result, y -> begun.forEach((w, g) -> gradients.of(w).copyFrom(g)));
        }
        reduction.backward(s);
        ops.backward();
        begun.values().forEach(pool::release);
        if (!isLast) {
            pool.release(d);
        }
        for (Message result : results(work)) {
            if (result.weight.isPresent()) {
                ready.put(result, copy(gradients.of(result.weight.get())));
            } else {
                // Where no gradient reached the border.
                ready.computeIfAbsent(result, r -> zeros(own.rows));
            }
        }
        idle.add(ops);
    }

    /// What a stage has for others after some work.
    private List<Message> results(Work work) {
        int s = work.stage();
        List<Message> results = new ArrayList<>();
        if (!work.isBackward() && s < stages.count() - 1) {
            results.add(new Message(work.microBatch(), s, s + 1, Optional.empty()));
        }
        if (work.isBackward() && s > 0) {
            results.add(new Message(work.microBatch(), s, s - 1, Optional.empty()));
            stages.handed(s).forEach((w, to) -> {
                if (recorders.trainable().test(w)) {
                    results.add(new Message(work.microBatch(), s, to, Optional.of(w)));
                }
            });
        }
        return results;
    }

    private Tensor zeros(int rows) {
        Tensor zeros = pool.allocate(rows, hiddenSize);
        zeros.zero();
        return zeros;
    }

    private Tensor copy(Tensor values) {
        Tensor copy = pool.allocate(Math.toIntExact(values.rows()), values.cols());
        copy.copyFrom(values);
        return copy;
    }

    // ---- messages ------------------------------------------------------------------------------------------------

    /// Begins all messages up to the first one that this rank has not computed yet.
    private void exchange(List<Item> items) {
        RankGroup ranks = pipeline.ranks();
        while (!messages.isEmpty()) {
            Message next = messages.getFirst();
            int other = stages.rank(isOwn(next.from) ? next.to : next.from);
            if (isOwn(next.from)) {
                if (!ready.containsKey(next)) {
                    return;
                }
                Tensor values = ready.remove(next);
                sending.add(new Exchange(values, ranks.begin(values.memory(), other, MemorySegment.NULL, other)));
            } else {
                Tensor values = next.weight.isPresent()
                        ? pool.allocate(Math.toIntExact(next.weight.get().rows()), next.weight.get().cols())
                        : pool.allocate(rows(items.get(next.microBatch)), hiddenSize);
                receiving.put(next, new Exchange(values, ranks.begin(MemorySegment.NULL, other, values.memory(),
                        other)));
            }
            messages.removeFirst();
        }
    }

    private int rows(Item item) {
        return rows(context.map(c -> new DividedBatch(item.batch, c).pass()).orElseGet(item.batch::pass));
    }

    /// The rows of the residual stream on this rank.
    private int rows(Pass pass) {
        return reduction.tensor().map(t -> t.rows(pass.numTokens())).orElse(pass.numTokens());
    }

    /// What a stage on another rank, or on this one, has sent.
    private Tensor received(Message message) {
        if (isOwn(message.from)) {
            return ready.remove(message);
        }
        Exchange exchange = receiving.remove(message);
        exchange.end.run();
        return exchange.values;
    }

    /// Gives all ranks the losses, which the last stage knows.
    private double[] ofLast(double[] losses) {
        RankGroup ranks = pipeline.ranks();
        int last = stages.rank(stages.count() - 1);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(ValueLayout.JAVA_DOUBLE, losses.length);
            memory.copyFrom(MemorySegment.ofArray(losses));
            List<MemorySegment> slices = new ArrayList<>();
            for (int r = 0; r < ranks.size(); r++) {
                slices.add(r == last ? memory : memory.asSlice(0, 0));
            }
            ranks.allGather(slices);
            return memory.toArray(ValueLayout.JAVA_DOUBLE);
        }
    }

    /// Size of the memory for activations and their gradients, in bytes.
    long sizeBytes() {
        return all.stream().mapToLong(Recorder::sizeBytes).sum() + pool.sizeBytes();
    }

    @Override
    public void close() {
        all.forEach(Recorder::close);
        pool.close();
    }

    /// The stream of the stage before.
    private record Received(Tensor values) implements Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            Tensor x = ops.allocate(Math.toIntExact(values.rows()), values.cols());
            x.copyFrom(values);
            return x;
        }

        @Override
        public void inputs(Inputs inputs) { }

        @Override
        public void backward(Tape tape, Tensor y) { }
    }
}
