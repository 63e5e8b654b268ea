"""Makes tiny checkpoints of unusual settings, with what Hugging Face's Transformers compute from them.

    pip install torch transformers safetensors
    make_variants.py OUT
"""
import torch, sys, os, json
from safetensors.torch import save_file
import transformers as tf
torch.manual_seed(0)
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
def make(name, cls, cfg, seed, B=2, T=23, std=0.3):
    torch.manual_seed(seed)
    cfg._attn_implementation='eager'
    m=cls(cfg).float().eval()
    with torch.no_grad():
        for n,p in m.named_parameters():
            if p.dim()>=2: p.normal_(0, std/ (p.shape[-1]**0.5) * 3)
            elif 'norm' in n or 'ln_' in n:
                if n.endswith('bias'): p.normal_(0,0.1)
                else: p.add_(torch.randn_like(p)*0.1)
            else: p.normal_(0,0.1)
    ids=torch.randint(3,cfg.vocab_size,(B,T))
    o=m(ids,labels=ids)
    o.loss.backward()
    e={'input_ids':ids,'logits':o.logits.detach().contiguous(),'loss':o.loss.detach().reshape(1)}
    seen=set()
    for n,p in m.named_parameters():
        if p.grad is not None: e['grad.'+n]=p.grad.contiguous()
    with torch.no_grad():
        g=ids[:1,:8]
        for _ in range(12):
            g=torch.cat([g,m(g).logits[:,-1:].argmax(-1)],1)
    e['greedy']=g
    d=f'{out}/{name}'; os.makedirs(d,exist_ok=True)
    m.save_pretrained(d)
    save_file(e,d+'/expected.safetensors')
    print(name, float(o.loss))
base=dict(vocab_size=97,hidden_size=48,intermediate_size=80,num_hidden_layers=5,num_attention_heads=6,num_key_value_heads=2,max_position_embeddings=128,tie_word_embeddings=False,bos_token_id=1,eos_token_id=2,pad_token_id=0)
L=tf.LlamaForCausalLM; LC=tf.LlamaConfig
def kw(**k): d=dict(base); d.update(k); return d
V=[
 ('llama_bias',L,lambda:LC(**kw(attention_bias=True,mlp_bias=True))),
 ('llama_tied_mqa',L,lambda:LC(**kw(num_key_value_heads=1,tie_word_embeddings=True,rms_norm_eps=1e-5))),
 ('llama_headdim',L,lambda:LC(**kw(head_dim=20))),
 ('llama_linear',L,lambda:LC(**kw(rope_parameters={'rope_type':'linear','factor':4.0,'rope_theta':10000.0}))),
 ('llama_yarn',L,lambda:LC(**kw(rope_parameters={'rope_type':'yarn','factor':4.0,'rope_theta':10000.0,'original_max_position_embeddings':32}))),
 ('llama_llama3',L,lambda:LC(**kw(rope_parameters={'rope_type':'llama3','factor':8.0,'low_freq_factor':1.0,'high_freq_factor':4.0,'rope_theta':10000.0,'original_max_position_embeddings':16}))),
 ('llama_dynamic',L,lambda:LC(**kw(rope_parameters={'rope_type':'dynamic','factor':4.0,'rope_theta':10000.0}))),
 ('llama_longrope',L,lambda:LC(**kw(rope_parameters={'rope_type':'longrope','factor':4.0,'rope_theta':10000.0,'original_max_position_embeddings':32,'short_factor':[1.0,1.5,2.0,2.5],'long_factor':[2.0,3.0,4.0,5.0]}))),
 ('llama_gelu',L,lambda:LC(**kw(hidden_act='gelu'))),
 ('mistral_null',tf.MistralForCausalLM,lambda:tf.MistralConfig(**kw(sliding_window=None))),
 ('mistral_w7',tf.MistralForCausalLM,lambda:tf.MistralConfig(**kw(sliding_window=7,head_dim=12))),
 ('qwen2_sliding',tf.Qwen2ForCausalLM,lambda:tf.Qwen2Config(**kw(use_sliding_window=True,sliding_window=5,max_window_layers=2))),
 ('qwen2_tied',tf.Qwen2ForCausalLM,lambda:tf.Qwen2Config(**kw(tie_word_embeddings=True,num_key_value_heads=6))),
 ('qwen3_bias',tf.Qwen3ForCausalLM,lambda:tf.Qwen3Config(**kw(head_dim=14,attention_bias=True,tie_word_embeddings=True))),
 ('qwen3_sliding',tf.Qwen3ForCausalLM,lambda:tf.Qwen3Config(**kw(head_dim=16,use_sliding_window=True,sliding_window=3,max_window_layers=1))),
 ('smollm3_int2',tf.SmolLM3ForCausalLM,lambda:tf.SmolLM3Config(**kw(no_rope_layer_interval=2,attention_bias=True,mlp_bias=True))),
 ('smollm3_sliding',tf.SmolLM3ForCausalLM,lambda:tf.SmolLM3Config(**kw(use_sliding_window=True,sliding_window=4,no_rope_layers=[1,0,1,1,0]))),
 ('gemma3_rope',tf.Gemma3ForCausalLM,lambda:tf.Gemma3TextConfig(**kw(num_hidden_layers=7,head_dim=10,sliding_window=6,query_pre_attn_scalar=24,tie_word_embeddings=True,rope_parameters={'full_attention':{'rope_type':'linear','factor':8.0,'rope_theta':1000000.0},'sliding_attention':{'rope_type':'default','rope_theta':10000.0}}))),
 ('gemma3_bias',tf.Gemma3ForCausalLM,lambda:tf.Gemma3TextConfig(**kw(head_dim=8,sliding_window=5,attention_bias=True,layer_types=['full_attention','sliding_attention','full_attention','sliding_attention','sliding_attention']))),
 ('gemma3_softcap',tf.Gemma3ForCausalLM,lambda:tf.Gemma3TextConfig(**kw(head_dim=8,sliding_window=5,final_logit_softcapping=5.0))),
 ('gpt2_odd',tf.GPT2LMHeadModel,lambda:tf.GPT2Config(vocab_size=97,n_embd=42,n_layer=3,n_head=7,n_inner=50,n_positions=40,activation_function='gelu',scale_attn_by_inverse_layer_idx=True,bos_token_id=1,eos_token_id=2)),
 ('gpt2_untied',tf.GPT2LMHeadModel,lambda:tf.GPT2Config(vocab_size=101,n_embd=32,n_layer=2,n_head=2,n_positions=64,tie_word_embeddings=False,scale_attn_weights=False,activation_function='relu',bos_token_id=1,eos_token_id=2)),
]
for i,(n,c,f) in enumerate(V):
    try: make(n,c,f(),i)
    except Exception as ex: print('FAIL',n,repr(ex)[:300])
