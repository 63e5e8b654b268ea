/// Machine code for Intel's matrix tiles: BF16 and 16-bit integer products.
///
/// Begin with [AmxCode] and [AmxProducts].
///
/// Source: Intel 64 and IA-32 manual, volume 1, chapter 18, https://www.intel.com/sdm
package glia.kernels.amx;
