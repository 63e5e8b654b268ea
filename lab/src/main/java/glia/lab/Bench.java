package glia.lab;

import glia.engine.pass.Engine;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/// Measures the speed of a model: prefill of a given length, and decode of one or more sequences with 64 tokens of
/// context each. The token ids are fixed, since the speed does not depend on them.
public final class Bench {
    /// Tokens of context before decode steps are measured.
    public static final int CONTEXT_TOKENS = 64;
    private static final int USUAL_STEPS = 64;
    private static final int BURST_STEPS = 16;
    private static final int FEWEST = 3;
    private static final int REPEATS = 5;
    private static final double STEADY = 0.02;
    private static final long MAX_WARM_UP_NANOS = 30_000_000_000L;

    /// Tokens per second over the repetitions.
    public record Rate(double median, double min, double max) { }

    private final Engine engine;
    private final int vocabSize;

    public Bench(Engine engine) {
        if (engine.model().spec().encoder().isPresent() || engine.model().spec().looksAhead()) {
            throw new IllegalArgumentException("the benchmark measures text generation; encoders and "
                    + "encoder-decoders are not supported");
        }
        this.engine = engine;
        this.vocabSize = engine.model().spec().vocabSize();
    }

    /// Prefill speed of a prompt of `numTokens` tokens, in chunks, with the logits of the last.
    public Rate prompt(int numTokens) {
        return measure(() -> promptOnce(numTokens));
    }

    /// Prefill speed of one run without warm-up, in tokens per second.
    public double promptOnce(int numTokens) {
        try (Sequence sequence = engine.open()) {
            int[] ids = tokens(3, numTokens);
            long start = System.nanoTime();
            engine.prefill(sequence, ids, 0, numTokens, () -> false);
            return numTokens / seconds(start);
        }
    }

    /// Decode speed of `numSteps` steps with a batch of `numStreams` sequences, all sequences together.
    public Rate generate(int numSteps, int numStreams) {
        return measure(() -> generateOnce(numSteps, numStreams));
    }

    /// Decode speed of one run without warm-up, in tokens per second.
    public double generateOnce(int numSteps, int numStreams) {
        int[] context = tokens(5, CONTEXT_TOKENS);
        List<Sequence> streams = new ArrayList<>();
        for (int s = 0; s < numStreams; s++) {
            streams.add(engine.open());
            engine.prefill(streams.get(s), context, 0, CONTEXT_TOKENS, () -> false);
        }
        double rate = steps(streams, numSteps);
        streams.forEach(Sequence::close);
        return rate;
    }

    /// Tokens per second of all sequences together.
    private double steps(List<Sequence> streams, int numSteps) {
        int[] token = new int[1];
        long start = System.nanoTime();
        for (int step = 0; step < numSteps; step++) {
            for (int s = 0; s < streams.size(); s++) {
                token[0] = (7 + step + s) % vocabSize;
                engine.add(streams.get(s), token, 0, 1, Outputs.LAST);
            }
            engine.run();
        }
        return (double) streams.size() * numSteps / seconds(start);
    }

    /// Prefill speed measured for about so many seconds in all, of which the first half is the warm-up.
    public Rate promptWithin(int numTokens, double seconds) {
        return within(() -> promptOnce(numTokens), seconds);
    }

    /// Decode speed measured for about so many seconds in all, of which the first half is the warm-up, in bursts of a
    /// few steps at the mean position of `generate` with 64 steps.
    public Rate generateWithin(int numStreams, double seconds) {
        int length = CONTEXT_TOKENS + (USUAL_STEPS - BURST_STEPS) / 2;
        int[] context = tokens(5, length);
        List<Sequence> streams = new ArrayList<>();
        for (int s = 0; s < numStreams; s++) {
            streams.add(engine.open());
            engine.prefill(streams.get(s), context, 0, length, () -> false);
        }
        try {
            return within(() -> {
                List<Sequence> forks = streams.stream().map(Sequence::fork).toList();
                try {
                    return steps(forks, BURST_STEPS);
                } finally {
                    forks.forEach(Sequence::close);
                }
            }, seconds);
        } finally {
            streams.forEach(Sequence::close);
        }
    }

    private static Rate within(DoubleSupplier run, double seconds) {
        long start = System.nanoTime();
        List<Double> rates = new ArrayList<>();
        do {
            rates.add(run.getAsDouble());
        } while (seconds(start) < seconds || rates.size() < FEWEST);
        List<Double> last = rates.subList(rates.size() / 2, rates.size()).stream().sorted().toList();
        return new Rate(last.get(last.size() / 2), last.getFirst(), last.getLast());
    }

    /// Decode speed of `numSteps` steps after `depth` tokens of context, which are computed once.
    public Rate generateAfter(int depth, int numSteps) {
        try (Sequence context = engine.open()) {
            engine.prefill(context, tokens(5, depth), 0, depth, () -> false);
            return measure(() -> {
                try (Sequence fork = context.fork()) {
                    return steps(List.of(fork), numSteps);
                }
            });
        }
    }

    /// Speed of greedy speculative decoding over `numSteps` tokens. It depends on the tokens, by the accepted drafts.
    ///
    /// @param schedulers new schedulers with drafts
    public Rate drafted(int numSteps, Supplier<Scheduler> schedulers) {
        try (Scheduler scheduler = schedulers.get()) {
            return measure(() -> {
                Completion text = draftedText(numSteps, scheduler);
                return numSteps / ((text.totalNanos() - text.firstTokenNanos()) / 1e9);
            });
        }
    }

    /// The fraction of accepted draft tokens of that text; 0 if nothing was drafted.
    public double acceptedShare(int numSteps, Supplier<Scheduler> schedulers) {
        try (Scheduler scheduler = schedulers.get()) {
            Completion text = draftedText(numSteps, scheduler);
            return (double) text.acceptedTokens() / Math.max(1, text.draftedTokens());
        }
    }

    /// The prefill gives the first token, each step one more.
    private Completion draftedText(int numSteps, Scheduler scheduler) {
        return scheduler.generate(GenerationRequest.of(tokens(5, CONTEXT_TOKENS)).sampling(SamplingOptions.greedy())
                .maxTokens(numSteps + 1).build(), () -> true);
    }

    private int[] tokens(int first, int count) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = (first + i) % vocabSize;
        }
        return ids;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /// Warms up until three running medians of three lie within 2 %, at most 30 s, then measures five times.
    private static Rate measure(DoubleSupplier run) {
        long end = System.nanoTime() + MAX_WARM_UP_NANOS;
        List<Double> rates = new ArrayList<>();
        do {
            rates.add(run.getAsDouble());
        } while (!steady(rates) && System.nanoTime() < end);
        double[] measured = new double[REPEATS];
        for (int i = 0; i < REPEATS; i++) {
            measured[i] = run.getAsDouble();
        }
        Arrays.sort(measured);
        return new Rate(measured[REPEATS / 2], measured[0], measured[REPEATS - 1]);
    }

    private static boolean steady(List<Double> rates) {
        int n = rates.size();
        if (n < 5) {
            return false;
        }
        double[] medians = new double[3];
        for (int i = 0; i < 3; i++) {
            medians[i] = rates.subList(n - 3 - i, n - i).stream().sorted().toList().get(1);
        }
        Arrays.sort(medians);
        return medians[2] - medians[0] <= STEADY * medians[1];
    }
}
