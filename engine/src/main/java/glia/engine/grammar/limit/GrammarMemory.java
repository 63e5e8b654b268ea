package glia.engine.grammar.limit;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/// The memory of all grammars of the process together: what they are compiled to, their masks and caches, and the
/// parser's rows of texts under way. Where it is short, grammars that are not in use are dropped, the least recently
/// used first; if that is not enough, taking more throws an exception. Thread-safe.
public final class GrammarMemory {
    private static final int SHARE_OF_HEAP = 4;
    private static final GrammarMemory OF_PROCESS = new GrammarMemory(Runtime.getRuntime().maxMemory()
            / SHARE_OF_HEAP);
    private static final ScopedValue<GrammarMemory> CURRENT = ScopedValue.newInstance();

    private final long most;
    private long used;
    /// All parts that were not closed.
    private final Set<Entry> entries = new HashSet<>();
    /// Those that are not in use, the one that was used last at the end.
    private final LinkedHashSet<Entry> idle = new LinkedHashSet<>();
    /// Parts that were collected as garbage without being closed.
    private final ReferenceQueue<MemoryPart<?>> lost = new ReferenceQueue<>();

    /// @param most bytes
    public GrammarMemory(long most) {
        this.most = most;
    }

    /// That of this thread's scope, else that of the process: a quarter of the heap.
    public static GrammarMemory current() {
        return CURRENT.orElse(OF_PROCESS);
    }

    /// Runs work whose grammars take this memory.
    public <T, X extends Throwable> T within(ScopedValue.CallableOp<T, X> work) throws X {
        return ScopedValue.where(CURRENT, this).call(work);
    }

    /// The most bytes.
    public long most() {
        return most;
    }

    /// The bytes that are taken.
    public synchronized long used() {
        forgetLost();
        return used;
    }

    /// A new part without memory. It is in use until [MemoryPart#keep()] or [MemoryPart#close].
    public synchronized <T> MemoryPart<T> part() {
        return part(null);
    }

    private <T> MemoryPart<T> part(Entry parent) {
        MemoryPart<T> part = new MemoryPart<>(this);
        part.entry = new Entry(part, parent, lost);
        entries.add(part.entry);
        return part;
    }

    /// What the account has of a part; the part itself may be collected.
    static final class Entry extends WeakReference<MemoryPart<?>> {
        /// What this is a use of; null for none.
        private final Entry parent;
        private long bytes;
        private int users = 1;

        Entry(MemoryPart<?> part, Entry parent, ReferenceQueue<MemoryPart<?>> lost) {
            super(part, lost);
            this.parent = parent;
        }
    }

    /// @throws GrammarException of kind `MEMORY` if other parts leave too little, `LIMIT` if they are not the reason
    synchronized void take(Entry of, long bytes) {
        if (!entries.contains(of)) {
            return;
        }
        if (used + bytes > most) {
            forgetLost();
            dropIdle(bytes);
        }
        if (used + bytes > most) {
            long own = of.bytes + bytes + (of.parent == null ? 0 : of.parent.bytes);
            throw own > most ? GrammarException.limit("bytes of memory", most)
                    : new GrammarException(GrammarException.Kind.MEMORY, "", "the grammars of other requests take all "
                            + "memory for grammars, " + most + " bytes; try again later");
        }
        used += bytes;
        of.bytes += bytes;
    }

    synchronized void give(Entry of, long bytes) {
        if (entries.contains(of)) {
            used -= bytes;
            of.bytes -= bytes;
        }
    }

    private void dropIdle(long bytes) {
        for (Iterator<Entry> each = idle.iterator(); used + bytes > most && each.hasNext();) {
            Entry one = each.next();
            each.remove();
            MemoryPart<?> part = one.get();
            if (part != null) {
                part.dropped();
            }
            forget(one);
        }
    }

    private void forgetLost() {
        for (Object one = lost.poll(); one != null; one = lost.poll()) {
            close((Entry) one);
        }
    }

    private void forget(Entry one) {
        if (entries.remove(one)) {
            used -= one.bytes;
            one.bytes = 0;
        }
    }

    /// Gives all bytes of a part back, and ends its use of another.
    synchronized void close(Entry one) {
        if (entries.contains(one)) {
            idle.remove(one);
            forget(one);
            if (one.parent != null) {
                keep(one.parent);
            }
        }
    }

    /// Ends a use.
    synchronized void keep(Entry one) {
        one.users--;
        if (one.users == 0 && entries.contains(one)) {
            idle.add(one);
        }
    }

    /// Begins a use.
    ///
    /// @return null if the part was dropped
    synchronized MemoryPart<Void> use(Entry of) {
        Entry used = of.parent == null ? of : of.parent;
        if (!entries.contains(used)) {
            return null;
        }
        idle.remove(used);
        used.users++;
        return part(used);
    }
}
