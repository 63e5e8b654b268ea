package glia.train.data;

/// A part of a sequence of tokens.
///
/// @param from its first token in the whole
/// @param to the token after its last
record TokenSlice(Tokens whole, long from, long to) implements Tokens {
    TokenSlice {
        if (from < 0 || from > to || to > whole.size()) {
            throw new IndexOutOfBoundsException("tokens " + from + " to " + to + " of " + whole.size());
        }
    }

    @Override
    public long size() {
        return to - from;
    }

    @Override
    public void read(long start, int count, int[] target) {
        if (start < 0 || count < 0 || start + count > size()) {
            throw new IndexOutOfBoundsException("tokens " + start + " to " + (start + count) + " of " + size());
        }
        whole.read(from + start, count, target);
    }
}
