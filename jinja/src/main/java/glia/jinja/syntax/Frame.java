package glia.jinja.syntax;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The variables of a block, determined from its source.
///
/// Jinja decides where a variable lives before it runs anything. A variable whose first mention in a block assigns it,
/// in all cases, and which no block around it mentions, belongs to the block from its beginning: until it is assigned
/// it is undefined, even to the loops and macros inside and even if the caller has given a variable of that name.
public final class Frame {
    private final Frame outer;
    /// By name, whether the first mention assigns the variable.
    private final Map<String, Boolean> mentioned = new HashMap<>();
    private final List<String> hiding = new ArrayList<>();
    private int branches;
    private boolean caller;
    private boolean kwargs;
    private boolean varargs;

    /// A block inside of another.
    ///
    /// @param outer the block around it; null for the template itself
    Frame(Frame outer) {
        this.outer = outer;
    }

    /// The variable is used.
    void load(String name) {
        mentioned.putIfAbsent(name, false);
        switch (name) {
            case "caller", "kwargs", "varargs" -> noteSpecial(name);
            default -> { }
        }
    }

    private void noteSpecial(String name) {
        for (Frame frame = this; frame != null; frame = frame.outer) {
            frame.caller |= name.equals("caller");
            frame.kwargs |= name.equals("kwargs");
            frame.varargs |= name.equals("varargs");
        }
    }

    /// The variable is assigned.
    void store(String name) {
        mentioned.putIfAbsent(name, branches == 0);
    }

    /// The targets are assigned.
    void store(Stmt.Target target) {
        if (target instanceof Stmt.Variable(String name)) {
            store(name);
        } else if (target instanceof Stmt.Member member) {
            load(member.namespace());
        } else if (target instanceof Stmt.Several(List<Stmt.Target> targets)) {
            targets.forEach(this::store);
        }
    }

    /// The variable has a value when the block begins.
    void declare(String name) {
        mentioned.putIfAbsent(name, false);
    }

    /// The targets have values when the block begins.
    void declare(Stmt.Target target) {
        branches++;
        store(target);
        branches--;
    }

    /// What follows may be skipped.
    void enterBranch() {
        branches++;
    }

    /// What follows is carried out in all cases again.
    void exitBranch() {
        branches--;
    }

    /// Determines which variables the block hides; to be called after the whole template has been parsed.
    void resolve() {
        for (Map.Entry<String, Boolean> each : mentioned.entrySet()) {
            if (each.getValue() && !isMentionedAround(each.getKey())) {
                hiding.add(each.getKey());
            }
        }
    }

    private boolean isMentionedAround(String name) {
        for (Frame frame = outer; frame != null; frame = frame.outer) {
            if (frame.mentioned.containsKey(name)) {
                return true;
            }
        }
        return false;
    }

    /// The variables that are undefined from the beginning of the block until it assigns them.
    public List<String> hiding() {
        return hiding;
    }

    /// Whether the block uses `caller`.
    public boolean usesCaller() {
        return caller;
    }

    /// Whether the block uses `kwargs`.
    public boolean usesKwargs() {
        return kwargs;
    }

    /// Whether the block uses `varargs`.
    public boolean usesVarargs() {
        return varargs;
    }

    /// The blocks of a template during parsing: the current one, and all so far.
    static final class Frames {
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
}
