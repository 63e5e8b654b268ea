package glia.jinja.syntax;

import java.util.ArrayList;
import java.util.List;

/// The blocks of a template during parsing: the current one, and all so far.
final class Frames {
    private final List<Frame> all = new ArrayList<>();
    private Frame current;

    Frames() {
        enter(open(null));
    }

    /// The current block.
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

    /// Enters a block; returns the previous one.
    Frame enter(Frame next) {
        Frame left = current;
        current = next;
        return left;
    }

    /// Resolves the variables of all blocks, at the end of the template.
    void resolve() {
        all.forEach(Frame::resolve);
    }
}
