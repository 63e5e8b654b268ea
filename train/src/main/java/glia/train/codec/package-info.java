/// Training of tokenizers of pictures: vector-quantized autoencoders.
package glia.train.codec;
