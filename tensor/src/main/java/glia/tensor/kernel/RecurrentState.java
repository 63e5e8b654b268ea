package glia.tensor.kernel;

/// What a recurrent layer remembers of the sequences of a pass: for each a fixed count of F32 numbers. A pass reads
/// what was there before and writes what is there after, to two different places, so that a pass that fails changes
/// nothing.
public interface RecurrentState {
    /// The address of the numbers before the first token of a run, or 0 where the sequence begins: then they are zero.
    long before(int run);

    /// The address to write the numbers after the last token of a run to, or 0 where nobody will ask for them.
    long after(int run);

    /// No memory: every run is a whole sequence, as in training.
    RecurrentState NONE = new RecurrentState() {
        @Override
        public long before(int run) {
            return 0;
        }

        @Override
        public long after(int run) {
            return 0;
        }
    };
}
