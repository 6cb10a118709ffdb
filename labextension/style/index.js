import './card.css';
import './sidebar.css';
import './market.css';
