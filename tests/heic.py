"""A HEIC file of 64 x 48 pixels, encoded once: what decodes the format cannot encode it."""

from base64 import b85decode

CORNERS = ((200, 30, 30), (30, 180, 40), (40, 50, 200), (255, 255, 255))
HEIC = b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004fZDn*}000000000XXk=`10000000000aA{+700000000000000000000B"
    "57=IV*mgE07O6l0RRC200001p#T8@0000000AKY001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t00"
    "0010002}X>f9I0002pX>en20001XXm(>m0RwOV0058x000009`FGC{rLC*01pFT0096PKmiN^|NjGU00093kN^M!000939=Z"
    "ZRVE_RDDnbDP18@KU0|1Z!00RI30{|YNAb|yz>g1-mxCm%4AOHXZ10VnZ0{|gn00967L;=Bbz=;3=025<xY;ta6Y<K_x01W^"
    "JfB*mh6lrsCWdHyG00000KmY&$KmY&$C}V74Z~y=RKmY&$0RR91FaQ7m0RR91000000{{R2@Bjb+0ssI25O8UDX#fBK00RgJ"
    "2mk;87-?{AVE_OC000000RRC7fdT^sga7~mDQ#q7bN~PW9Vh{>1-MpclvnXx|Ns2N?`8W`3Qe(EV^GH89;^PB?GHcysa~Jea"
    ")W&$vS~cTj9Eawe*_TOfc^6?HI~VMi|_g*rjTvW*qAbC*cA>oz1nh6RTlHHXVJso_}TyedyMJD2*3NaU;aGV2cP3jU;Xo9y7"
    "${p)TM*q;QMM+TkjvikwbCg$w`&&9+WLs4!#&UmxZf5As6`+fF4fge?geb^Sn6!iOc=~PAkAq732^PDzq>EB)ZFxO32RXzZe"
    "E62L;(v32lNqljr?!m=FK}E@;wv+;R9#I5$U209^2O6A|?CqX*90eDX7UYKbut%8BAwIDfLobliW}+N{>yVceqn=GdKnXJ_}"
    "HsTKt9(rq|W8!XvfgWL"
)
