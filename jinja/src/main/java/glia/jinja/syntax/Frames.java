package glia.jinja.syntax;

import java.util.ArrayList;
import java.util.List;

/// The blocks of a template while it is parsed: the one that the parser is in, and all that it has met.
final class Frames {
    private final List<Frame> all = new ArrayList<>();
    private Frame current;

    Frames() {
        enter(open(null));
    }

    /// The block that the parser is in.
    Frame current() {
        return current;
    }

    /// A new block inside of the current one.
    Frame inner() {
        return open(current);
    }

    /// A new block that sees the caller's variables only.
    Frame outermost() {
        return open(null);
    }

    private Frame open(Frame outer) {
        Frame frame = new Frame(outer);
        all.add(frame);
        return frame;
    }

    /// Goes to a block; returns the one left.
    Frame enter(Frame next) {
        Frame left = current;
        current = next;
        return left;
    }

    /// Settles all blocks, at the end of the template.
    void settle() {
        all.forEach(Frame::settle);
    }
}
