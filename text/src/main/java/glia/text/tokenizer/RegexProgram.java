package glia.text.tokenizer;

import glia.text.tokenizer.RegexNode.Alternation;
import glia.text.tokenizer.RegexNode.Assertion;
import glia.text.tokenizer.RegexNode.Chars;
import glia.text.tokenizer.RegexNode.Concatenation;
import glia.text.tokenizer.RegexNode.Repetition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A regular expression as instructions of a backtracking matcher, with intervals written out, and its alphabet: the
/// classes of code points that no set of the expression distinguishes.
///
/// Source: R. Cox, "Regular Expression Matching: the Virtual Machine Approach", https://swtch.com/~rsc/regexp
final class RegexProgram {
    private static final int MAX_INSTRUCTIONS = 1000;

    /// One instruction.
    sealed interface Instruction { }

    /// Consumes a code point.
    ///
    /// @param set index of the set it must be in
    record Consume(int set) implements Instruction { }

    /// Checks the code point before or after the position.
    record Check(boolean ahead, int set, boolean atEdge) implements Instruction { }

    /// Goes on at `first`, and at `second` if that fails.
    record Split(int first, int second) implements Instruction { }

    /// Goes on at another instruction.
    record Jump(int to) implements Instruction { }

    /// Ends the match.
    record Match() implements Instruction { }

    private final List<Instruction> code = new ArrayList<>();
    private final List<BitSet> sets = new ArrayList<>();
    private final Map<BitSet, Integer> setIndex = new HashMap<>();
    /// By set, then by class of code points, whether the set holds the class.
    private boolean[][] holds = {};
    private int numClasses;

    private RegexProgram() { }

    /// @throws IllegalArgumentException if the expression has too many instructions
    static RegexProgram of(RegexNode node) {
        RegexProgram program = new RegexProgram();
        program.emit(node);
        program.add(new Match());
        program.partition();
        return program;
    }

    Instruction at(int pc) {
        return code.get(pc);
    }

    /// The number of classes of code points.
    int numClasses() {
        return numClasses;
    }

    boolean holds(int set, int codePointClass) {
        return holds[set][codePointClass];
    }

    /// Whether some instruction checks the code point before the position.
    boolean looksBehind() {
        return code.stream().anyMatch(one -> one instanceof Check check && !check.ahead());
    }

    private int add(Instruction instruction) {
        if (code.size() >= MAX_INSTRUCTIONS) {
            throw new IllegalArgumentException("more than " + MAX_INSTRUCTIONS
                    + " characters and choices once its intervals are written out");
        }
        code.add(instruction);
        return code.size() - 1;
    }

    private int set(BitSet set) {
        return setIndex.computeIfAbsent(set, one -> {
            sets.add(one);
            return sets.size() - 1;
        });
    }

    private void emit(RegexNode node) {
        switch (node) {
            case Chars chars -> add(new Consume(set(chars.set())));
            case Assertion assertion -> add(new Check(assertion.ahead(), set(assertion.set()), assertion.atEdge()));
            case Concatenation all -> all.parts().forEach(this::emit);
            case Alternation any -> emit(any.choices());
            case Repetition repetition -> emit(repetition);
        }
    }

    private void emit(List<RegexNode> choices) {
        List<Integer> jumps = new ArrayList<>();
        for (int i = 0; i < choices.size() - 1; i++) {
            int split = add(new Match());
            emit(choices.get(i));
            jumps.add(add(new Match()));
            code.set(split, new Split(split + 1, code.size()));
        }
        emit(choices.getLast());
        jumps.forEach(jump -> code.set(jump, new Jump(code.size())));
    }

    private void emit(Repetition repetition) {
        for (int i = 0; i < repetition.min(); i++) {
            emit(repetition.body());
        }
        if (repetition.max() == Repetition.UNBOUNDED) {
            int split = add(new Match());
            emit(repetition.body());
            add(new Jump(split));
            code.set(split, split(split + 1, code.size(), repetition.greedy()));
            return;
        }
        List<Integer> splits = new ArrayList<>();
        for (int i = repetition.min(); i < repetition.max(); i++) {
            splits.add(add(new Match()));
            emit(repetition.body());
        }
        splits.forEach(split -> code.set(split, split(split + 1, code.size(), repetition.greedy())));
    }

    private static Split split(int body, int end, boolean greedy) {
        return greedy ? new Split(body, end) : new Split(end, body);
    }

    private void partition() {
        BitSet starts = new BitSet();
        starts.set(0);
        for (BitSet set : sets) {
            for (int c = set.nextSetBit(0); c >= 0; c = set.nextSetBit(c)) {
                starts.set(c);
                c = set.nextClearBit(c);
                starts.set(c);
            }
        }
        starts.clear(CodePointSets.SIZE);
        Map<BitSet, Integer> classes = new HashMap<>();
        holds = new boolean[sets.size()][16];
        for (int c = starts.nextSetBit(0); c >= 0; c = starts.nextSetBit(c + 1)) {
            BitSet members = new BitSet();
            for (int set = 0; set < sets.size(); set++) {
                members.set(set, sets.get(set).get(c));
            }
            if (classes.putIfAbsent(members, numClasses) == null) {
                for (int set = 0; set < sets.size(); set++) {
                    if (numClasses == holds[set].length) {
                        holds[set] = Arrays.copyOf(holds[set], 2 * numClasses);
                    }
                    holds[set][numClasses] = members.get(set);
                }
                numClasses++;
            }
        }
    }
}
