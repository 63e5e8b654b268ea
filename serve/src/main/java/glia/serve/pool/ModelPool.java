package glia.serve.pool;

import glia.engine.load.MachineMemory;
import glia.engine.schedule.Scheduler;
import glia.engine.voice.Speaker;
import glia.io.hub.HubException;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.request.ServeException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;

/// The models of a server. A model is loaded when a request names it, on a thread of its own, so other models answer
/// meanwhile; requests that name it at the same time wait for one load. When the memory does not suffice, idle models
/// are closed, the least recently used first. A model in use is never closed.
///
/// The memory that the weights leave is shared equally by the KV caches of the loaded models; each gets at least
/// [#MIN_STATE_BYTES].
public final class ModelPool implements AutoCloseable {
    /// The least memory of a model's KV cache, in bytes.
    public static final long MIN_STATE_BYTES = 64L << 20;

    private static final Duration CHECK = Duration.ofMillis(100);
    private static final Logger LOG = Logger.getLogger(ModelPool.class.getName());

    private final PoolOptions options;
    private final ModelCatalogue catalogue;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final Map<String, String> aliases = new LinkedHashMap<>();
    /// Models that speak, which stay loaded.
    private final Map<String, Speaker> speakers = new LinkedHashMap<>();
    private final PoolMemory memory;
    private final Thread reaper;
    private boolean isClosed;

    /// An empty pool with the usual options.
    public ModelPool() {
        this(PoolOptions.defaults(), ModelCatalogue.EMPTY);
    }

    /// @param catalogue models that may be loaded beside those that are added
    public ModelPool(PoolOptions options, ModelCatalogue catalogue) {
        this.options = options;
        this.catalogue = catalogue;
        memory = new PoolMemory(options, lock, changed, slots);
        reaper = Thread.ofVirtual().name("glia-pool").start(this::closeExpired);
    }

    /// A model in use: it is not closed before the lease is.
    public static final class Lease implements AutoCloseable {
        private final ModelPool pool;
        private final Slot slot;
        private final ServedModel served;
        private boolean isReturned;

        private Lease(ModelPool pool, Slot slot, ServedModel served) {
            this.pool = pool;
            this.slot = slot;
            this.served = served;
        }

        /// The model.
        public ServedModel served() {
            return served;
        }

        /// Sets how long the model stays loaded after this request.
        public void keepAlive(KeepAlive keepAlive) {
            pool.memory.locked(() -> slot.keepAlive = keepAlive);
        }

        /// Returns the model.
        @Override
        public void close() {
            pool.giveBack(this);
        }
    }

    /// A model that may be requested.
    ///
    /// @param name its name in requests
    /// @param served the model, if it is loaded
    /// @param weightBytes the size of its weights; 0 until it was loaded
    /// @param numRequests the number of requests that use it
    /// @param expires when it will be closed, unless it is used; empty if it is not loaded, in use, or kept for ever
    public record Entry(String name, Optional<ServedModel> served, long weightBytes, int numRequests,
            Optional<Instant> expires) { }

    /// Adds a loaded model, which the pool closes. It is not loaded a second time if it is evicted, so it stays.
    public void add(ServedModel served) {
        Slot slot = new Slot(served.name(), null, KeepAlive.FOR_EVER);
        slot.state = Slot.State.READY;
        slot.model = served.model();
        slot.since = served.since();
        slot.weightBytes = served.model().model().checkpoint().sizeBytes();
        slot.hasRoom = true;
        memory.locked(() -> slots.put(slot.name, slot));
    }

    /// Adds a model that is loaded when it is requested. The first model answers requests without a name.
    public void add(String name, ModelCatalogue.ModelSource source) {
        memory.locked(() -> slots.put(name, new Slot(name, source, options.keepAlive())));
    }

    /// Adds a model that speaks, which the pool closes. It stays loaded, and its weights count in the memory of the
    /// pool. A model that reads and writes texts, too, is added a second time for that.
    ///
    /// @throws IllegalArgumentException if its weights do not fit the memory
    public void add(String name, Speaker speaker) {
        memory.locked(() -> {
            memory.reserve(name, speaker.bytes());
            speakers.put(name, speaker);
        });
    }

    /// Whether a model speaks.
    public boolean speaks(String name) {
        return memory.locked(() -> speakers.containsKey(name));
    }

    /// Whether a model of this name reads and writes texts.
    public boolean generates(String name) {
        return lookUp(name).isPresent();
    }

    /// Whether there are models besides those that speak.
    public boolean hasGenerating() {
        return !slots.isEmpty();
    }

    /// A model that speaks.
    ///
    /// @param name as in the request; empty for the server's first one
    /// @throws ServeException if no model speaks (400), or there is none of this name (404)
    public Speaker speaker(String name) {
        return memory.locked(() -> {
            Optional<Speaker> found = name.isEmpty() ? speakers.values().stream().findFirst()
                    : Optional.ofNullable(speakers.get(name));
            if (found.isEmpty() && (name.isEmpty() || lookUp(name).isPresent())) {
                throw ServeException.badField("model", (name.isEmpty() ? "no model of this server speaks"
                        : "'" + name + "' does not speak") + "; expected "
                        + (speakers.isEmpty() ? "a server of a model such as facebook/mms-tts-eng"
                        : String.join(" or ", speakers.keySet())));
            }
            return found.orElseThrow(() -> notServed(name));
        });
    }

    /// Adds a further name of a model, or of a model with an adapter.
    public void alias(String alias, String name) {
        memory.locked(() -> aliases.put(alias, name));
    }

    /// The model of a name, loaded if it is not.
    ///
    /// @param name as in the request; empty for the server's first model
    /// @throws ServeException if there is none of this name (404), it does not fit into the memory beside the models
    ///     in use (503), or it cannot be loaded (500)
    public Lease lease(String name) {
        ModelName wanted = find(name);
        Slot slot = wanted.slot();
        lock.lock();
        try {
            while (true) {
                if (isClosed) {
                    throw ServeException.stopping();
                }
                switch (slot.state) {
                    case READY -> {
                        return take(wanted);
                    }
                    case LOADING -> await(slot.attempt);
                    case CLOSING -> changed.await();
                    case UNLOADED -> memory.startLoading(slot);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ServeException.stopping();
        } finally {
            lock.unlock();
        }
    }

    private Lease take(ModelName wanted) {
        Slot slot = wanted.slot();
        ServedModel served = new ServedModel(wanted.name(), wanted.of(slot.model), slot.since);
        slot.numLeases++;
        slot.lastUse = System.nanoTime();
        return new Lease(this, slot, served);
    }

    private void giveBack(Lease lease) {
        memory.locked(() -> {
            if (!lease.isReturned) {
                lease.isReturned = true;
                lease.slot.numLeases--;
                lease.slot.lastUse = System.nanoTime();
                changed.signalAll();
            }
        });
    }

    /// Waits for an attempt to load a model.
    ///
    /// @throws ServeException if it fails
    private void await(Slot.Attempt attempt) throws InterruptedException {
        changed.await();
        if (attempt.failure != null) {
            throw attempt.failure;
        }
    }

    // ---- names ---------------------------------------------------------------------------------------------------

    private ModelName find(String name) {
        Optional<ModelName> known = lookUp(name);
        if (known.isPresent()) {
            return known.get();
        }
        try {
            Optional<ModelCatalogue.ModelSource> found = catalogue.find(name);
            if (found.isPresent()) {
                return ModelName.of(slotOf(name, found.get())).called(name);
            }
        } catch (HubException e) {
            throw new ServeException(404, "not_found_error", "model", e.getMessage());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (speakers.containsKey(name)) {
            throw ServeException.badField("model", "'" + name + "' speaks and does nothing else; send texts to "
                    + "/v1/audio/speech");
        }
        throw notServed(name);
    }

    private ServeException notServed(String name) {
        String shown = name.length() > 80 ? name.substring(0, 80) + "…" : name;
        return new ServeException(404, "not_found_error", "model", "the model '" + shown + "' is not served here; "
                + "found " + String.join(", ", names()) + "; /v1/models lists them");
    }

    /// The slot of a model of the catalogue, which several names may mean.
    private Slot slotOf(String name, ModelCatalogue.ModelSource source) {
        return memory.locked(() -> slots.values().stream().filter(slot -> source.equals(slot.source)).findFirst()
                .orElseGet(() -> {
                    Slot slot = new Slot(name, source, options.keepAlive());
                    slots.put(name, slot);
                    return slot;
                }));
    }

    private Optional<ModelName> lookUp(String name) {
        return memory.locked(() -> name.isEmpty() && !slots.isEmpty()
                ? Optional.of(ModelName.of(slots.values().iterator().next()))
                : ModelName.find(name, aliases, slots));
    }

    /// The names of all models, loaded or not, with those of their adapters and aliases.
    public List<String> names() {
        return entries().stream().map(Entry::name).toList();
    }

    /// All models, loaded or not, with their adapters and aliases. Those of the catalogue come last.
    public List<Entry> entries() {
        List<Entry> all = new ArrayList<>();
        memory.locked(() -> {
            for (Slot slot : slots.values()) {
                ModelName.all(slot).forEach(name -> all.add(entry(name)));
            }
            aliases.forEach((alias, name) -> ModelName.find(name, Map.of(), slots)
                    .ifPresent(found -> all.add(entry(found.called(alias)))));
            speakers.keySet().stream().filter(name -> !slots.containsKey(name)).forEach(name -> all.add(new Entry(name,
                    Optional.empty(), speakers.get(name).bytes(), 0, Optional.empty())));
        });
        try {
            TreeSet<String> others = new TreeSet<>(catalogue.names());
            all.forEach(entry -> others.remove(entry.name()));
            others.forEach(name -> all.add(new Entry(name, Optional.empty(), 0, 0, Optional.empty())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }

    /// A model by its name, without loading it.
    ///
    /// @throws ServeException if there is none: status 404
    public Entry entry(String name) {
        ModelName found = find(name);
        return memory.locked(() -> entry(found));
    }

    private static Entry entry(ModelName name) {
        Slot slot = name.slot();
        boolean isReady = slot.state == Slot.State.READY;
        boolean expires = slot.isIdle() && !slot.keepAlive.isForEver();
        return new Entry(name.name(), isReady
                ? Optional.of(new ServedModel(name.name(), name.of(slot.model), slot.since)) : Optional.empty(),
                slot.weightBytes, slot.numLeases, expires ? Optional.of(Instant.now()
                        .plus(slot.keepAlive.duration()).minusNanos(System.nanoTime() - slot.lastUse))
                        : Optional.empty());
    }

    /// The loaded models, without names of adapters. One may be closed at any time; only a lease prevents it.
    public List<ServedModel> all() {
        List<ServedModel> all = new ArrayList<>();
        memory.locked(() -> slots.values().stream().filter(slot -> slot.state == Slot.State.READY)
                .forEach(slot -> all.add(new ServedModel(slot.name, slot.model, slot.since))));
        return all;
    }

    /// How many models were loaded so far, each as often as it was.
    public long numLoads() {
        return memory.numLoads.get();
    }

    /// The loads of the schedulers of all loaded models.
    public List<Scheduler.Load> loads() {
        List<Scheduler.Load> loads = new ArrayList<>();
        memory.pinned(slots -> slots.forEach(slot -> loads.add(slot.model.scheduler().load())));
        return loads;
    }

    /// Closes models that were idle for as long as they are kept, until the pool is closed.
    private void closeExpired() {
        while (true) {
            try {
                Thread.sleep(CHECK);
                memory.closeExpired();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException | Error e) {
                LOG.log(Level.WARNING, "an idle model could not be closed", e);
            }
        }
    }

    /// Closes all models; requests that use them end.
    @Override
    public void close() {
        List<Slot> open = new ArrayList<>();
        lock.lock();
        try {
            isClosed = true;
            reaper.interrupt();
            changed.signalAll();
            while (slots.values().stream().anyMatch(slot -> slot.state == Slot.State.LOADING
                    || slot.state == Slot.State.CLOSING)) {
                changed.awaitUninterruptibly();
            }
            slots.values().stream().filter(slot -> slot.state == Slot.State.READY).forEach(open::add);
            open.forEach(slot -> slot.state = Slot.State.CLOSING);
        } finally {
            lock.unlock();
        }
        open.forEach(memory::close);
        speakers.values().forEach(Speaker::close);
    }

    /// Options of a pool of models.
    ///
    /// @param memoryBytes the most that weights and KV caches of all loaded models take together
    /// @param keepAlive how long a model stays loaded after its last request, unless the request says
    public record PoolOptions(long memoryBytes, KeepAlive keepAlive) {
        /// Four fifths of the machine's memory; models stay loaded until others need the memory.
        public static PoolOptions defaults() {
            return new PoolOptions(MachineMemory.totalBytes() / 5 * 4, KeepAlive.FOR_EVER);
        }

        public PoolOptions withMemory(long bytes) {
            return new PoolOptions(bytes, keepAlive);
        }

        public PoolOptions withKeepAlive(KeepAlive other) {
            return new PoolOptions(memoryBytes, other);
        }
    }
}
