package glia.tensor.kernel;

/// The state of a recurrent layer for the sequences of a pass: a fixed number of F32 values for each sequence. A pass
/// reads the state before it and writes the state after it to different memory, so that a pass that fails changes
/// nothing.
public interface RecurrentState {
    /// The address of the state before the first token of a run, or 0 at the start of a sequence, where the state is
    /// zero.
    long before(int run);

    /// The address to write the state after the last token of a run to, or 0 if it is not needed.
    long after(int run);

    /// No state: every run is a full sequence, as in training.
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
