package glia.engine.schedule;

import glia.engine.state.ContextFullException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Shares a model among the requests of any threads, by continuous batching (Yu et al., "Orca", OSDI 2022).
///
/// The thread that has claimed the engine computes. A caller that is alone computes on its own thread, which avoids a
/// hand-over for each token. With two requests, or one submitted without waiting, the scheduler's thread computes for
/// all, and callers receive their text on their own threads, so a slow listener delays no other request.
public final class Scheduler implements AutoCloseable {
    private final ModelRunner runner;
    private final SchedulerOptions options;
    private final int vocabSize;
    private final int contextLength;
    private final Batcher batcher;
    private final Admission admission;
    private final WaitingCount numWaiting;
    private final AtomicInteger numOpen = new AtomicInteger();
    private final AtomicLong numArrived = new AtomicLong();
    private final AtomicBoolean endsWanted = new AtomicBoolean();
    private final PassQueue passes = new PassQueue();
    private final EngineThread thread = new EngineThread(() -> numOpen.get() > 0 || !passes.isEmpty(),
            this::stepForAll);
    private volatile boolean closed;

    /// @param vocabSize tokens that may be sampled; further logits are padding
    /// @param contextLength the most tokens of prompt and answer
    public Scheduler(ModelRunner runner, SchedulerOptions options, int vocabSize, int contextLength) {
        this.runner = runner;
        this.options = options;
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
        numWaiting = new WaitingCount(options.maxWaiting());
        admission = new Admission(runner, options, numWaiting, numOpen);
        batcher = new Batcher(runner, admission, options, vocabSize, contextLength);
    }

    /// Submits a request and returns at once.
    ///
    /// @throws QueueFullException if too many sequences wait
    /// @throws ContextFullException if the prompt leaves no room for an answer
    /// @throws IllegalArgumentException if the prompt does not suit the model
    /// @throws IllegalStateException if another request uses its session, or the scheduler is closed
    public Generation submit(GenerationRequest request) {
        Generation generation = enqueue(request);
        thread.wake();
        return generation;
    }

    /// Runs a request for one sample and waits for it. If the thread is interrupted, the sample ends with
    /// [Finish#INTERRUPTED], and the thread's interrupt flag is set.
    ///
    /// @param goesOn called on this thread after each step: false ends the sample with [Finish#CANCELLED]; an exception
    ///     ends it too and is thrown here
    /// @throws RuntimeException or Error the cause of a failure, or what `submit` throws
    public Completion generate(GenerationRequest request, BooleanSupplier goesOn) {
        requireUnclaimed("wait for the scheduler");
        Generation generation = enqueue(request);
        drive(generation, goesOn);
        return generation.first().orThrow();
    }

    private Generation enqueue(GenerationRequest request) {
        check(request);
        int count = request.numSamples();
        numWaiting.add(request.fairnessKey(), count);
        try {
            request.session().ifPresent(Session::begin);
        } catch (IllegalStateException e) {
            numWaiting.remove(request.fairnessKey(), count);
            throw e;
        }
        Generation generation = new Generation(this, request, numArrived.getAndAdd(count));
        numOpen.incrementAndGet();
        batcher.submit(generation);
        if (closed) {
            // `close` may have emptied the queue before it was added.
            claimed(() -> batcher.endAll(Finish.CANCELLED, Optional.empty()));
        }
        return generation;
    }

    private void requireOpen() {
        runner.requireOpen();
        if (closed) {
            throw closed();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the scheduler is closed");
    }

    private void check(GenerationRequest request) {
        requireOpen();
        if (request.session().isPresent() && !request.session().get().isOf(this)) {
            throw new IllegalArgumentException("the session was opened by another scheduler");
        }
        if (runner.hasEncoder() != request.source().length > 0) {
            throw new IllegalArgumentException(runner.hasEncoder() ? "an encoder-decoder needs a source of at least "
                    + "one token" : "the model has no encoder to read a source");
        }
        int length = Math.max(request.prompt().length, request.source().length);
        if (length >= contextLength) {
            throw new ContextFullException(length, contextLength);
        }
        request.requireIds(runner.vocabSize());
        runner.requireSteering(request.steering());
    }

    /// Waits until a request is done.
    void await(Generation generation) {
        requireUnclaimed("wait for the scheduler");
        drive(generation, () -> true);
    }

    /// Computes a request to its end, or waits for the scheduler's thread where there are other requests.
    private void drive(Generation generation, BooleanSupplier goesOn) {
        boolean interrupted = false;
        Throwable thrown = null;
        long seen = -1;
        while (!generation.isDone()) {
            if (Thread.interrupted()) {
                interrupted = true;
                generation.end(Finish.INTERRUPTED);
            }
            if (isAlone()) {
                step(generation);
            } else {
                generation.listen();
                thread.wake();
                try {
                    seen = generation.awaitProgress(seen);
                } catch (InterruptedException e) {
                    interrupted = true;
                    generation.end(Finish.INTERRUPTED);
                }
            }
            if (thrown == null) {
                thrown = ask(goesOn, generation);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
    }

    private static Throwable ask(BooleanSupplier goesOn, Generation generation) {
        try {
            if (!goesOn.getAsBoolean()) {
                generation.end(Finish.CANCELLED);
            }
            return null;
        } catch (RuntimeException | Error e) {
            generation.end(Finish.CANCELLED);
            return e;
        }
    }

    /// Whether this thread has the only request. Virtual threads do not compute.
    private boolean isAlone() {
        return numOpen.get() == 1 && !thread.isComputing() && !Thread.currentThread().isVirtual();
    }

    private void step(Generation own) {
        runner.claim();
        try {
            step();
        } catch (RuntimeException | Error e) {
            batcher.end(own, Finish.FAILED, Optional.of(e));
        } finally {
            release();
        }
    }

    /// Runs a step, or a pass if it is its turn.
    private void stepForAll() {
        runner.claim();
        try {
            boolean generates = numOpen.get() > 0;
            long start = System.nanoTime();
            if (passes.isNext(generates)) {
                claimed(passes::runNext);
            } else if (generates) {
                step();
                passes.stepped(System.nanoTime() - start);
            }
        } catch (Throwable e) {
            batcher.endAll(Finish.FAILED, Optional.of(e));
            passes.fail(e);
        } finally {
            release();
        }
    }

    /// Runs one step; requires the claim.
    private void step() {
        runner.requireIdle();
        boolean ends = endsWanted.get() && endsWanted.getAndSet(false);
        batcher.step(ends);
    }

    private void claimed(Runnable work) {
        runner.claim();
        try {
            runner.requireIdle();
            passes.begin(System.nanoTime());
            try {
                work.run();
            } finally {
                passes.end(System.nanoTime());
            }
        } finally {
            release();
        }
    }

    private void release() {
        admission.announce();
        runner.release();
    }

    /// @param what it would do for ever
    private void requireUnclaimed(String what) {
        if (runner.isClaimed()) {
            throw new IllegalStateException("the thread that has the engine may not " + what + ", which needs it, too: "
                    + "a token listener or a sampler uses submit or another thread, and a thread that has claimed the "
                    + "engine or added tokens releases or discards them first");
        }
    }

    /// Reports that a request is to end early.
    void endsWanted() {
        endsWanted.set(true);
    }

    /// Ends a request early, also if its caller is busy.
    void endNow() {
        endsWanted.set(true);
        thread.wake();
    }

    /// A new session, which keeps the KV cache from one request to the next.
    ///
    /// @throws IllegalStateException if the scheduler is closed
    public Session session() {
        requireOpen();
        Session session = new Session(this);
        claimed(() -> admission.sessions().add(session));
        return session;
    }

    void clear(Session session, boolean forGood) {
        if (closed && forGood) {
            return;
        }
        requireOpen();
        session.begin();
        try {
            claimed(() -> {
                session.discard();
                if (forGood) {
                    admission.sessions().remove(session);
                }
            });
        } finally {
            session.end(new int[0]);
        }
    }

    /// Runs work between two steps, such as an update of the weights. Idle sessions and the prefix cache are dropped,
    /// since they were computed with the old weights. Running sequences keep their state and insert nothing into the
    /// prefix cache.
    ///
    /// @throws IllegalStateException if the scheduler is closed
    public void betweenSteps(Runnable work) {
        requireOpen();
        claimed(() -> {
            work.run();
            admission.dropCached();
        });
    }

    /// Runs work between two steps that changes no weights, before all passes that wait for their turn.
    ///
    /// @return its result
    public <T> T whilePaused(Supplier<T> work) {
        requireOpen();
        AtomicReference<T> result = new AtomicReference<>();
        claimed(() -> result.set(work.get()));
        return result.get();
    }

    /// Runs a pass that is no generation, such as one of embeddings, on the scheduler's thread or, where nothing else
    /// is computed, on this one. Passes wait for each other in turns by key, and take at most half of the time while
    /// sequences run. Divide long work into passes of some 256 tokens: no step is computed during a pass.
    ///
    /// @param key whose pass it is, as a request's fairness key
    /// @return its result
    /// @throws IllegalStateException if the scheduler is closed
    public <T> T inTurn(String key, Supplier<T> pass) {
        requireOpen();
        boolean isAlone = numOpen.get() == 0 && passes.isEmpty() && !thread.isComputing()
                && !Thread.currentThread().isVirtual();
        return isAlone || runner.isClaimed() ? whilePaused(pass) : passes.await(key, pass, () -> {
            thread.wake();
            if (closed) {
                // `close` may have emptied the queue before it was added.
                passes.fail(closed());
            }
        });
    }

    /// Serves others in the middle of a long pass, which computes on an engine of its own: runs the steps that are due,
    /// or the pass of another.
    ///
    /// @throws IllegalStateException if the model is closed meanwhile
    public void serveOthers() {
        requireOpen();
        passes.end(System.nanoTime());
        runner.release();
        try {
            stepForAll();
            while (numOpen.get() > 0 && passes.isOwed()) {
                stepForAll();
            }
        } finally {
            runner.claim();
            passes.begin(System.nanoTime());
        }
        runner.requireOpen();
    }

    /// The load of a scheduler.
    ///
    /// @param numRunning running sequences
    /// @param numWaiting sequences that have not started
    /// @param numPreemptions preemptions so far
    /// @param usedBytes memory of all sequences and sessions
    public record Load(int numRunning, int numWaiting, long numPreemptions, long usedBytes) { }

    /// The current load, also in the middle of a step.
    public Load load() {
        return new Load(admission.numRunning(), numWaiting.get(), admission.numPreemptions(), runner.usedBytes());
    }

    /// Ends all requests with [Finish#CANCELLED] and frees the memory. Later calls do nothing.
    ///
    /// @throws IllegalStateException if a token listener or a sampler calls it
    @Override
    public void close() {
        requireUnclaimed("close the scheduler");
        if (closed) {
            return;
        }
        closed = true;
        claimed(() -> {
            batcher.endAll(Finish.CANCELLED, Optional.empty());
            passes.fail(closed());
            admission.sessions().forEach(Session::discard);
        });
        thread.end();
        runner.close();
    }
}
