package glia.tensor.ops.expert;

/// Expert dispatch: the choices of all tokens, sorted by expert and then by token, so that each expert's tokens are
/// contiguous. Choice `n · k + j` is the j-th expert of token n.
final class Dispatch {
    /// The token at each place of the sorted order.
    final int[] tokens;
    /// The place of each choice.
    final int[] places;
    /// The chosen experts, ascending.
    final int[] experts;
    /// The first place of each of `experts`, and the end of the last.
    final int[] starts;

    Dispatch(int[] chosen, int numChosen, int numExperts) {
        int[] next = new int[numExperts];
        for (int expert : chosen) {
            next[expert]++;
        }
        int numActive = 0;
        for (int count : next) {
            numActive += count > 0 ? 1 : 0;
        }
        experts = new int[numActive];
        starts = new int[numActive + 1];
        int active = 0;
        int place = 0;
        for (int e = 0; e < numExperts; e++) {
            int count = next[e];
            next[e] = place;
            if (count > 0) {
                experts[active] = e;
                place += count;
                starts[++active] = place;
            }
        }
        tokens = new int[chosen.length];
        places = new int[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            int at = next[chosen[i]]++;
            tokens[at] = i / numChosen;
            places[i] = at;
        }
    }

    int size() {
        return tokens.length;
    }

    int numActive() {
        return experts.length;
    }
}
