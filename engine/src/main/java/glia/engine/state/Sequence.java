package glia.engine.state;

import glia.model.spec.Remembered;
import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import java.util.List;

/// What a model remembers of one sequence, of each mixer what it needs: pages of keys and values, of which sliding
/// layers give back those that no later token can see, or the numbers of a recurrence. Belongs to the engine's thread.
public final class Sequence implements AutoCloseable {
    /// Keys and values are kept and given back by so many positions at a time.
    public static final int PAGE_TOKENS = PagedMemory.PAGE_TOKENS;

    private final PagePool pool;
    private final Memory[] memories;
    private int length;

    Sequence(StateSlots slots, PagePool pool) {
        this(pool, new Memory[slots.all().size()]);
        List<Remembered> all = slots.all();
        for (int i = 0; i < memories.length; i++) {
            memories[i] = switch (all.get(i)) {
                case Remembered.KeyValues kv -> new PagedMemory(kv, pool);
                case Remembered.Rows rows -> new PagedMemory(rows, pool);
                case Remembered.Recurrence r -> new RecurrentMemory(r, pool);
                case Remembered.Source source -> new SourceMemory(source, pool);
            };
        }
    }

    private Sequence(PagePool pool, Memory[] memories) {
        this.pool = pool;
        this.memories = memories;
    }

    /// The number of tokens remembered, which is the position of the next.
    public int length() {
        return length;
    }

    /// Another sequence that begins with the same tokens, so that many can go on from one prompt.
    ///
    /// @throws StateMemoryException if there is no room
    public Sequence fork() {
        Sequence fork = new Sequence(pool, new Memory[memories.length]);
        fork.length = length;
        for (int i = 0; i < memories.length; i++) {
            try {
                fork.memories[i] = memories[i].copy(length);
            } catch (StateMemoryException e) {
                for (int j = 0; j < i; j++) {
                    fork.memories[j].truncate(0);
                }
                throw e;
            }
        }
        return fork;
    }

    /// Stores rows `from` to `to` of keys and values at the end. `advance` makes them count.
    KeyValues append(int slot, Tensor keys, Tensor values, int from, int to, int position) {
        return ((KeyValueMemory) memories[slot]).append(keys, values, from, to, position);
    }

    RecurrentMemory recurrence(int slot) {
        return (RecurrentMemory) memories[slot];
    }

    /// Makes `count` appended tokens count, and gives back what slid out of sight.
    void advance(int count) {
        length += count;
        for (Memory memory : memories) {
            memory.advance(length);
        }
    }

    /// Forgets the tokens from `newLength` on, if what the remaining ones need is still there.
    ///
    /// @return false if it is not, since a window has slid too far or a recurrence has no way back: then nothing has
    ///         changed, and the caller must begin anew
    public boolean truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("cannot keep " + newLength + " of " + length + " tokens");
        }
        for (Memory memory : memories) {
            if (!memory.canTruncate(newLength)) {
                return false;
            }
        }
        length = newLength;
        retract();
        return true;
    }

    /// Gives back what was appended and does not count.
    void retract() {
        for (Memory memory : memories) {
            memory.truncate(length);
        }
    }

    /// Whether the sequence lives in this pool.
    public boolean isIn(PagePool of) {
        return pool == of;
    }

    /// Forgets everything.
    public void clear() {
        truncate(0);
    }

    @Override
    public void close() {
        clear();
    }
}
